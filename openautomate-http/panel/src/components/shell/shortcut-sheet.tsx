'use client';

import { useTranslations } from 'use-intl';
import { Dialog } from '@/components/ui/dialog';
import '@/messages/shell';
import { SCREENS } from './screens';

/** The keys that work, as a list. */
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
