'use client';

import dynamic from 'next/dynamic';
import { useSyncExternalStore } from 'react';
import { useQuiet } from '@/lib/quiet';
import { hasNotices, watchNotices } from '@/lib/toast';

const Toasts = dynamic(() => import('./toasts').then((module) => module.Toasts), { ssr: false });

/** What is told in passing; loaded when the screen stands, or when there is something to tell. */
export function Notices() {
  const quiet = useQuiet();
  const wanted = useSyncExternalStore(watchNotices, hasNotices, () => false);
  return quiet || wanted ? <Toasts /> : null;
}
