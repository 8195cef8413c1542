'use client';

import { useEffect } from 'react';
import { toast, Toaster } from 'sonner';
import { showNotices } from '@/lib/toast';

/** Where notices appear. */
export function Toasts() {
  // After the effect of the toaster, which hears from then on.
  useEffect(() => showNotices(({ tone, text, how }) => void toast[tone](text, how)), []);
  return <Toaster position="bottom-right" closeButton toastOptions={{ className: 'toast' }} />;
}
