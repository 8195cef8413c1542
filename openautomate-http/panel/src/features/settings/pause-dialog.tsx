'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Environment } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input } from '@/components/ui/field';
import { api, got } from '@/lib/api';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/settings';

/** Pauses an environment: with a reason, and until when. */
export function PauseDialog({ environment, onClose }: { environment: Environment; onClose: () => void }) {
  const t = useTranslations('settings');
  const client = useQueryClient();
  const [why, setWhy] = useState('');
  const [until, setUntil] = useState('');
  const pause = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/environments/{id}/pause', {
          params: { path: { id: environment.id } },
          body: { reason: why.trim(), revision: environment.revision, ...(until ? { until: new Date(until).toISOString() } : {}) },
        }),
      ),
    onSuccess: ({ name }) => {
      toast.success(t('pausedNow', { name }));
      onClose();
    },
    onSettled: () => void client.invalidateQueries({ queryKey: keys.environments }),
  });
  const failed = pause.error instanceof ApiError ? pause.error : undefined;
  const isTold = failed?.field('reason') ?? failed?.field('until');
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('pauseTitle', { name: environment.name })}
      description={t('pauseText')}
      footer={
        <>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button kind="primary" busy={pause.isPending} disabled={!why.trim() || pause.isPending} onClick={() => pause.mutate()}>
            {t('pause')}
          </Button>
        </>
      }
    >
      <div className="grid gap-4 pb-3">
        <Field label={t('reason')} hint={t('reasonHint')} required error={failed?.field('reason')}>
          {(props) => <Input {...props} maxLength={500} value={why} onChange={(event) => setWhy(event.target.value)} />}
        </Field>
        <Field label={t('pauseUntil')} hint={t('pauseUntilHint')} error={failed?.field('until')}>
          {(props) => <Input {...props} type="datetime-local" value={until} onChange={(event) => setUntil(event.target.value)} />}
        </Field>
        {pause.error && !isTold && (
          <p role="alert" className="break-words text-bad">
            {reason(pause.error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}
