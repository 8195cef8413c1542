'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Agent } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input } from '@/components/ui/field';
import { api, got } from '@/lib/api';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/agent';

/** Lets an agent finish what it has and take nothing new, for good or for a time. */
export function DrainDialog({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const t = useTranslations('agent.draining');
  const client = useQueryClient();
  const [until, setUntil] = useState('');
  const drain = useMutation({
    mutationFn: () => {
      const body = { status: 'Draining' as const, revision: agent.revision, ...(until ? { drainUntil: new Date(until).toISOString() } : {}) };
      return got(api.PUT('/api/agents/{id}', { params: { path: { id: agent.id } }, body }));
    },
    onSuccess: () => {
      toast.success(t('done', { name: agent.name }));
      onClose();
    },
    onSettled: () => void client.invalidateQueries({ queryKey: keys.agents }),
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('title', { name: agent.name })}
      description={t('what')}
      footer={
        <>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button kind="primary" busy={drain.isPending} onClick={() => drain.mutate()}>
            {t('drain')}
          </Button>
        </>
      }
    >
      <div className="grid gap-4 pb-3">
        <Field label={t('until')} hint={t('untilHint')}>
          {(props) => <Input {...props} type="datetime-local" value={until} onChange={(event) => setUntil(event.target.value)} />}
        </Field>
        {drain.error && (
          <p role="alert" className="break-words text-bad">
            {reason(drain.error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}
