'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Schedule } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input, Select } from '@/components/ui/field';
import { api, got } from '@/lib/api';
import { useGo } from '@/lib/nav';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/schedules';

const OVERLAPS = ['allow', 'skip', 'queueOne', 'cancelRunning'] as const;

/** A time as a field for times wants it, in the zone of the machine. */
function local(at: number): string {
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Makes up for runs of a time that is over. */
export function BackfillDialog({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const t = useTranslations('schedules');
  const client = useQueryClient();
  const go = useGo();
  const [from, setFrom] = useState(() => local(Date.now() - 86_400_000));
  const [to, setTo] = useState(() => local(Date.now()));
  const [most, setMost] = useState('100');
  const [overlap, setOverlap] = useState<(typeof OVERLAPS)[number]>('allow');
  const fill = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/schedules/{id}/backfill', {
          params: { path: { id: schedule.id } },
          body: { from: new Date(from).toISOString(), to: new Date(to).toISOString(), limit: Number(most), overlap },
        }),
      ),
    onSuccess: ({ executions, hadOne, skipped }) => {
      toast.success(t('backfill.done', { count: executions.length }), {
        ...(hadOne + skipped > 0 ? { description: t('backfill.left', { hadOne, skipped }) } : {}),
        action: { label: t('show'), onClick: () => go(`/executions?schedule=${schedule.id}`) },
      });
      void client.invalidateQueries({ queryKey: keys.executions });
      onClose();
    },
  });
  const failed = fill.error instanceof ApiError ? fill.error : undefined;
  const isTold = ['from', 'to', 'limit'].some((field) => failed?.field(field));
  const isReady = from !== '' && to !== '' && from < to && Number(most) >= 1 && Number(most) <= 1_000;
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={t('backfill.title')}
      description={t('backfill.what')}
      footer={
        <>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button kind="primary" busy={fill.isPending} disabled={!isReady || fill.isPending} onClick={() => fill.mutate()}>
            {t('backfill.run')}
          </Button>
        </>
      }
    >
      <div className="grid gap-4 pb-3 sm:grid-cols-2">
        <Field label={t('backfill.from')} required error={failed?.field('from')}>
          {(props) => <Input {...props} type="datetime-local" value={from} max={to} onChange={(event) => setFrom(event.target.value)} />}
        </Field>
        <Field label={t('backfill.to')} required error={failed?.field('to') ?? (from && to && from >= to ? t('backfill.backwards') : undefined)}>
          {(props) => <Input {...props} type="datetime-local" value={to} onChange={(event) => setTo(event.target.value)} />}
        </Field>
        <Field label={t('backfill.most')} hint={t('backfill.mostHint')} error={failed?.field('limit')}>
          {(props) => <Input {...props} type="number" min={1} max={1_000} value={most} onChange={(event) => setMost(event.target.value)} />}
        </Field>
        <Field label={t('backfill.overlap')}>
          {(props) => (
            <Select {...props} value={overlap} onChange={(event) => setOverlap(event.target.value as typeof overlap)}>
              {OVERLAPS.map((one) => (
                <option key={one} value={one}>
                  {t(`overlaps.${one}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        {fill.error && !isTold && (
          <p role="alert" className="break-words text-bad sm:col-span-2">
            {reason(fill.error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}
