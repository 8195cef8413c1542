'use client';

import { useEffect } from 'react';
import { useGo } from '@/lib/nav';
import { SCREENS } from './screens';

/** So long after `g` a letter is a screen. */
const PATIENCE = 1_200;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Keys that work on every screen. */
export function useShortcuts({ palette, sheet }: { palette: () => void; sheet: () => void }): void {
  const go = useGo();
  useEffect(() => {
    let pending = 0;
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        palette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('[role="dialog"]')) return;
      if (Date.now() - pending < PATIENCE) {
        pending = 0;
        const screen = SCREENS.find(({ key }) => key === event.key);
        if (screen) {
          event.preventDefault();
          go(screen.path);
          return;
        }
      }
      if (event.key === 'g') pending = Date.now();
      else if (event.key === '?') sheet();
      else if (event.key === '/') {
        const search = document.querySelector<HTMLElement>('[data-search]');
        if (search) {
          event.preventDefault();
          search.focus();
        }
      }
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  });
}
