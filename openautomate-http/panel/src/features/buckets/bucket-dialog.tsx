'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Bucket } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input, Select } from '@/components/ui/field';
import { api, got } from '@/lib/api';
import { useEnvironmentsFor, useHome } from '@/lib/lists';
import { useGo } from '@/lib/nav';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/buckets';

const GB = 1_000_000_000;

/** Makes or changes a bucket. */
export function BucketDialog({ bucket, onClose }: { bucket?: Bucket; onClose: () => void }) {
  const t = useTranslations('buckets');
  const client = useQueryClient();
  const go = useGo();
  const environments = useEnvironmentsFor('ManageBuckets');
  const [name, setName] = useState(bucket?.name ?? '');
  const [description, setDescription] = useState(bucket?.description ?? '');
  const [place, setPlace] = useState(bucket?.environmentId ?? '');
  const [days, setDays] = useState(bucket?.retentionDays ? String(bucket.retentionDays) : '');
  const [most, setMost] = useState(bucket ? String(bucket.maxBytes / GB) : '10');
  const environmentId = useHome(place, 'ManageBuckets');
  const save = useMutation({
    mutationFn: () => {
      const body = {
        name: name.trim(),
        description,
        environmentId,
        maxBytes: Math.round(Number(most) * GB),
        retentionDays: days.trim() ? Number(days) : null,
        // One file may be as large as all of them, if that is less than usual.
        maxObjectBytes: Math.min(bucket?.maxObjectBytes ?? 1_073_741_824, Math.round(Number(most) * GB)),
        ...(bucket ? { maxObjects: bucket.maxObjects, revision: bucket.revision } : {}),
      };
      return bucket ? got(api.PUT('/api/buckets/{id}', { params: { path: { id: bucket.id } }, body })) : got(api.POST('/api/buckets', { body }));
    },
    onSuccess: ({ id }) => {
      toast.success(t('saved'));
      void client.invalidateQueries({ queryKey: keys.buckets });
      onClose();
      if (!bucket) go(`/buckets/${id}`);
    },
  });
  const failed = save.error instanceof ApiError ? save.error : undefined;
  const isTold = ['name', 'maxBytes', 'retentionDays'].some((field) => failed?.field(field));
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={bucket ? t('editTitle') : t('add')}
      footer={
        <>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button kind="primary" busy={save.isPending} disabled={!name.trim() || !(Number(most) > 0) || save.isPending} onClick={() => save.mutate()}>
            {t('save')}
          </Button>
        </>
      }
    >
      <div className="grid gap-4 pb-3 sm:grid-cols-2">
        <Field label={t('name')} required error={failed?.field('name')}>
          {(props) => <Input {...props} value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label={t('environment')}>
          {(props) => (
            <Select {...props} value={environmentId} disabled={Boolean(bucket)} onChange={(event) => setPlace(event.target.value)}>
              {environments?.map(({ id, name: called }) => (
                <option key={id} value={id}>
                  {called}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t('description')} className="sm:col-span-2">
          {(props) => <Input {...props} value={description} onChange={(event) => setDescription(event.target.value)} />}
        </Field>
        <Field label={t('most')} hint={t('mostHint')} error={failed?.field('maxBytes')}>
          {(props) => <Input {...props} type="number" min={0} step="any" value={most} onChange={(event) => setMost(event.target.value)} />}
        </Field>
        <Field label={t('retention')} hint={t('retentionHint')} error={failed?.field('retentionDays')}>
          {(props) => <Input {...props} type="number" min={1} value={days} onChange={(event) => setDays(event.target.value)} />}
        </Field>
        {save.error && !isTold && (
          <p role="alert" className="break-words text-bad sm:col-span-2">
            {reason(save.error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}
