'use client';

import { useEffect } from 'react';
import { useTranslations } from 'use-intl';
import { Dialog } from '@/components/ui/dialog';
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

/** The list of them. */
export function ShortcutSheet({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useTranslations('shell');
  const general: [string[], string][] = [
    [['Ctrl', 'K'], t('search')],
    [['/'], t('focusSearch')],
    [['?'], t('shortcuts')],
    [['Esc'], t('escape')],
    [['r'], t('runAgain')],
  ];
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t('shortcuts')}>
      <dl className="grid gap-1 pb-4 sm:grid-cols-2 sm:gap-x-8">
        {general.map(([pressed, name]) => (
          <Row key={name} pressed={pressed} name={name} />
        ))}
        {SCREENS.map(({ key, name }) => (
          <Row key={name} pressed={['g', key]} name={t(`names.${name}`)} />
        ))}
      </dl>
    </Dialog>
  );
}

function Row({ pressed, name }: { pressed: string[]; name: string }) {
  return (
    <div className="flex items-center justify-between gap-4 py-1">
      <dt className="text-soft">{name}</dt>
      <dd className="flex gap-1">
        {pressed.map((key) => (
          <kbd key={key} className="min-w-6 rounded border border-border bg-muted px-1.5 py-0.5 text-center font-sans text-xs">
            {key}
          </kbd>
        ))}
      </dd>
    </div>
  );
}
