import { Unlink } from 'lucide-react';
import { useTranslations } from 'use-intl';
import type { Identity } from '@/api/types';
import { Ago } from '@/components/ui/ago';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import '@/messages/external';

/** Accounts elsewhere by which somebody signs in, each with a button that takes it off. */
export function LinkedList({ items, onUnlink }: { items: Identity[]; onUnlink: (one: Identity) => void }) {
  const t = useTranslations('external');
  return (
    <ul className="grid gap-3" aria-label={t('title')}>
      {items.map((one) => (
        <li key={one.id} className="flex flex-wrap items-center justify-between gap-3">
          <div className="min-w-0">
            <p className="flex flex-wrap items-center gap-2 font-medium break-all">
              {one.title} {!one.provider && <Badge tone="warn">{t('gone')}</Badge>}
            </p>
            <p className="text-xs text-soft">
              {t('since')} <Ago at={one.createdAt} /> · {one.lastLogin ? t('used') : t('never')} {one.lastLogin && <Ago at={one.lastLogin} />}
            </p>
          </div>
          <Button size="sm" aria-label={t('unlinkOf', { title: one.title })} onClick={() => onUnlink(one)}>
            <Unlink aria-hidden /> {t('unlink')}
          </Button>
        </li>
      ))}
    </ul>
  );
}
