'use client';

import { useEffect, useSyncExternalStore } from 'react';
import { toast, Toaster } from 'sonner';
import { showNotices } from '@/lib/toast';

/** So narrow that dialogs come from below, where notices would lie over their buttons. */
const NARROW = '(max-width: 639px)';
/** Below the header, in pixels. */
const HEADER = 60;

function watchWidth(listener: () => void): () => void {
  const query = window.matchMedia(NARROW);
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
}

/** Where notices appear. */
export function Toasts() {
  const isNarrow = useSyncExternalStore(watchWidth, () => window.matchMedia(NARROW).matches);
  // After the effect of the toaster, which hears from then on.
  useEffect(() => showNotices(({ tone, text, how }) => void toast[tone](text, how)), []);
  return <Toaster position={isNarrow ? 'top-center' : 'bottom-right'} mobileOffset={{ top: HEADER }} closeButton toastOptions={{ className: 'toast' }} />;
}
