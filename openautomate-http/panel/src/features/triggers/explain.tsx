'use client';

import { useQuery } from '@tanstack/react-query';
import { CircleCheck, TriangleAlert } from 'lucide-react';
import { useTranslations } from 'use-intl';
import type { Trigger, TriggerHold } from '@/api/types';
import { Ago } from '@/components/ui/ago';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Failure } from '@/components/ui/failure';
import { Skeleton } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { Link } from '@/lib/nav';
import { keys } from '@/lib/query';
import { short } from '@/lib/short';
import { exact } from '@/lib/time';
import '@/messages/triggers';

/** Why a trigger does not fire, and what it did last. */
export function ExplainDialog({ trigger, onClose }: { trigger: Trigger; onClose: () => void }) {
  const t = useTranslations('triggers.explaining');
  const params = { path: { id: trigger.id } };
  const explanation = useQuery({
    queryKey: [...keys.triggers, trigger.id, 'explain'],
    queryFn: async () => (await got(api.GET('/api/triggers/{id}/explain', { params }))).holds,
    staleTime: 0,
  });
  const firings = useQuery({
    queryKey: [...keys.triggers, trigger.id, 'firings'],
    queryFn: async () => (await got(api.GET('/api/triggers/{id}/firings', { params: { ...params, query: { limit: 10 } } }))).items,
    staleTime: 0,
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('title', { name: trigger.name })}
      footer={
        <Button kind="primary" onClick={onClose}>
          {t('close')}
        </Button>
      }
    >
      <div className="grid gap-4 pb-3">
        {explanation.error ? (
          <Failure error={explanation.error} />
        ) : !explanation.data ? (
          <Skeleton className="h-16" />
        ) : explanation.data.length === 0 ? (
          <p className="flex gap-2 rounded-md bg-good-soft px-3 py-2 text-good">
            <CircleCheck className="mt-0.5 size-4 shrink-0" aria-hidden />
            {t('ready')}
          </p>
        ) : (
          <ul className="grid gap-2" aria-label={t('held')}>
            {explanation.data.map((hold, index) => (
              <li key={index} className="flex gap-2 rounded-md bg-warn-soft px-3 py-2 text-warn">
                <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
                <span className="min-w-0 break-words">
                  <Hold hold={hold} />
                </span>
              </li>
            ))}
          </ul>
        )}
        <section className="grid gap-2">
          <h3 className="text-sm font-semibold">{t('firings')}</h3>
          {!firings.data ? (
            <Skeleton className="h-10" />
          ) : firings.data.length === 0 ? (
            <p className="text-soft">{t('noFirings')}</p>
          ) : (
            <ul className="divide-y divide-border">
              {firings.data.map(({ key, firedAt, executionId, skipped }) => (
                <li key={key} className="flex justify-between gap-3 py-2">
                  {executionId ? (
                    <Link href={`/executions/${executionId}`} className="text-accent hover:underline">
                      {t('execution', { id: short(executionId) })}
                    </Link>
                  ) : (
                    <span className="min-w-0 break-words">{t('skipped', { why: skipped ?? '–' })}</span>
                  )}
                  <Ago at={firedAt} className="whitespace-nowrap text-soft" />
                </li>
              ))}
            </ul>
          )}
        </section>
      </div>
    </Dialog>
  );
}

function Hold({ hold }: { hold: TriggerHold }) {
  const t = useTranslations('triggers.explaining.holds');
  switch (hold.kind) {
    case 'notEnough':
      return t('notEnough', { ready: hold.ready });
    case 'rests':
      return t('rests', { until: exact(hold.until) });
    case 'full':
      return t('full', { open: hold.open });
    case 'agentAway':
      return t('agentAway', { name: hold.name });
    case 'silent':
      return t('silent', { name: hold.name });
    case 'watch':
      return t('watch', { name: hold.name, message: hold.message });
    case 'rate':
      return t('rate', { most: hold.most });
    default:
      return t(hold.kind);
  }
}
