'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { QueueRequest, WorkQueue } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input, Select, Textarea } from '@/components/ui/field';
import { Switch } from '@/components/ui/switch';
import { api, got } from '@/lib/api';
import { useEnvironmentsFor, useHome } from '@/lib/lists';
import { useGo } from '@/lib/nav';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/queues';

/** A JSON object, nothing for an empty text, `undefined` for what is none. */
function objectOf(text: string): Record<string, unknown> | null | undefined {
  if (text.trim() === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Makes or changes a queue. */
export function QueueDialog({ queue, onClose }: { queue?: WorkQueue; onClose: () => void }) {
  const t = useTranslations('queues');
  const client = useQueryClient();
  const go = useGo();
  const environments = useEnvironmentsFor('WriteQueues');
  const [place, setPlace] = useState(queue?.environmentId ?? '');
  const [name, setName] = useState(queue?.name ?? '');
  const [description, setDescription] = useState(queue?.description ?? '');
  const [maxAttempts, setMaxAttempts] = useState(queue ? String(queue.maxAttempts) : '3');
  const [backoff, setBackoff] = useState(queue ? String(queue.backoffMs / 1_000) : '60');
  const [lease, setLease] = useState(queue ? String(queue.leaseMs / 1_000) : '300');
  const [autoRetry, setAutoRetry] = useState(queue?.autoRetry ?? true);
  const [unique, setUnique] = useState(queue?.uniqueReferences ?? false);
  const [schema, setSchema] = useState(queue?.payloadSchema ? JSON.stringify(queue.payloadSchema, null, 2) : '');
  const environmentId = useHome(place, 'WriteQueues');
  const payloadSchema = objectOf(schema);
  const save = useMutation({
    mutationFn: () => {
      const body: QueueRequest = {
        name: name.trim(),
        description,
        environmentId,
        maxAttempts: Number(maxAttempts),
        backoffMs: Math.round(Number(backoff) * 1_000),
        leaseMs: Math.round(Number(lease) * 1_000),
        autoRetry,
        uniqueReferences: unique,
        payloadSchema: payloadSchema ?? null,
      };
      return queue
        ? got(api.PUT('/api/queues/{id}', { params: { path: { id: queue.id } }, body: { ...body, revision: queue.revision } }))
        : got(api.POST('/api/queues', { body }));
    },
    onSuccess: ({ id }) => {
      toast.success(t('saved'));
      void client.invalidateQueries({ queryKey: keys.queues });
      onClose();
      if (!queue) go(`/queues/${id}`);
    },
  });
  const failed = save.error instanceof ApiError ? save.error : undefined;
  const isTold = ['name', 'maxAttempts', 'backoffMs', 'leaseMs', 'payloadSchema'].some((field) => failed?.field(field));
  const isReady = name.trim() !== '' && payloadSchema !== undefined && Number(maxAttempts) >= 1 && Number(lease) > 0 && Number(backoff) >= 0;
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={queue ? t('editTitle') : t('add')}
      footer={
        <>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button kind="primary" busy={save.isPending} disabled={!isReady || save.isPending} onClick={() => save.mutate()}>
            {t('save')}
          </Button>
        </>
      }
    >
      <div className="grid gap-4 pb-3 sm:grid-cols-6">
        <Field label={t('name')} required error={failed?.field('name')} className="sm:col-span-3">
          {(props) => <Input {...props} value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label={t('environment')} className="sm:col-span-3">
          {(props) => (
            <Select {...props} value={environmentId} disabled={Boolean(queue)} onChange={(event) => setPlace(event.target.value)}>
              {environments?.map(({ id, name: called }) => (
                <option key={id} value={id}>
                  {called}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t('description')} className="sm:col-span-6">
          {(props) => <Input {...props} value={description} onChange={(event) => setDescription(event.target.value)} />}
        </Field>
        <Field label={t('maxAttempts')} hint={t('maxAttemptsHint')} error={failed?.field('maxAttempts')} className="sm:col-span-2">
          {(props) => <Input {...props} type="number" min={1} value={maxAttempts} onChange={(event) => setMaxAttempts(event.target.value)} />}
        </Field>
        <Field label={t('backoff')} hint={t('backoffHint')} error={failed?.field('backoffMs')} className="sm:col-span-2">
          {(props) => <Input {...props} type="number" min={0} value={backoff} onChange={(event) => setBackoff(event.target.value)} />}
        </Field>
        <Field label={t('lease')} hint={t('leaseHint')} error={failed?.field('leaseMs')} className="sm:col-span-2">
          {(props) => <Input {...props} type="number" min={1} value={lease} onChange={(event) => setLease(event.target.value)} />}
        </Field>
        <label className="flex items-center gap-2.5 sm:col-span-3">
          <Switch checked={autoRetry} onCheckedChange={setAutoRetry} />
          {t('autoRetry')}
        </label>
        <label className="flex items-center gap-2.5 sm:col-span-3" title={t('uniqueHint')}>
          <Switch checked={unique} onCheckedChange={setUnique} />
          {t('unique')}
        </label>
        <Field
          label={t('schema')}
          hint={t('schemaHint')}
          error={payloadSchema === undefined ? t('badJson') : failed?.field('payloadSchema')}
          className="sm:col-span-6"
        >
          {(props) => <Textarea {...props} spellCheck={false} value={schema} onChange={(event) => setSchema(event.target.value)} />}
        </Field>
        {save.error && !isTold && (
          <p role="alert" className="break-words text-bad sm:col-span-6">
            {reason(save.error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}
