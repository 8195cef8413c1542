'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input, Textarea } from '@/components/ui/field';
import { api, got } from '@/lib/api';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/queues';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Adds one item by hand. */
export function ItemDialog({ queueId, onClose }: { queueId: string; onClose: () => void }) {
  const t = useTranslations('queues.item');
  const common = useTranslations('queues');
  const client = useQueryClient();
  const [reference, setReference] = useState('');
  const [payload, setPayload] = useState('{}');
  const [priority, setPriority] = useState('0');
  const isGood = isJson(payload);
  const add = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/queues/{id}/items', {
          params: { path: { id: queueId } },
          body: { payload: JSON.parse(payload) as Record<string, unknown>, priority: Number(priority) || 0, ...(reference.trim() ? { reference: reference.trim() } : {}) },
        }),
      ),
    onSuccess: () => {
      toast.success(t('added'));
      void client.invalidateQueries({ queryKey: keys.queues });
      onClose();
    },
  });
  const failed = add.error instanceof ApiError ? add.error : undefined;
  const isTold = ['reference', 'payload', 'priority'].some((field) => failed?.field(field));
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('title')}
      footer={
        <>
          <Button onClick={onClose}>{common('back')}</Button>
          <Button kind="primary" busy={add.isPending} disabled={!isGood || add.isPending} onClick={() => add.mutate()}>
            {t('add')}
          </Button>
        </>
      }
    >
      <div className="grid gap-4 pb-3 sm:grid-cols-[1fr_7rem]">
        <Field label={t('reference')} error={failed?.field('reference')}>
          {(props) => <Input {...props} value={reference} onChange={(event) => setReference(event.target.value)} />}
        </Field>
        <Field label={t('priority')} hint={t('priorityHint')} error={failed?.field('priority')}>
          {(props) => <Input {...props} type="number" value={priority} onChange={(event) => setPriority(event.target.value)} />}
        </Field>
        <Field label={t('payload')} error={isGood ? failed?.field('payload') : common('badJson')} className="sm:col-span-2">
          {(props) => <Textarea {...props} spellCheck={false} className="min-h-36" value={payload} onChange={(event) => setPayload(event.target.value)} />}
        </Field>
        {add.error && !isTold && (
          <p role="alert" className="break-words text-bad sm:col-span-2">
            {reason(add.error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}
