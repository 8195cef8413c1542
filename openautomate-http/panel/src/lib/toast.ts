import type { ExternalToast } from 'sonner';

/** What is told in passing. It may be said before its picture is loaded: then it waits. */

export interface Notice {
  tone: 'success' | 'info' | 'warning' | 'error';
  text: string;
  how: ExternalToast | undefined;
}

let waiting: readonly Notice[] = [];
let show: ((notice: Notice) => void) | undefined;
const listeners = new Set<() => void>();

const say = (tone: Notice['tone']) => (text: string, how?: ExternalToast) => {
  const notice = { tone, text, how };
  if (show) return show(notice);
  waiting = [...waiting, notice];
  listeners.forEach((listener) => listener());
};

export const toast = { success: say('success'), info: say('info'), warning: say('warning'), error: say('error') };

/** Shows what waits, and what is said from now on. */
export function showNotices(how: (notice: Notice) => void): void {
  show = how;
  waiting.forEach(how);
  waiting = [];
}

/** Whether something waits to be shown. */
export function hasNotices(): boolean {
  return waiting.length > 0;
}

export function watchNotices(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
