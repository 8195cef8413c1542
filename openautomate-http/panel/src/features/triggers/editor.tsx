'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Trigger, TriggerRequest } from '@/api/types';
import { Button } from '@/components/ui/button';
import { CopyButton } from '@/components/ui/copy-button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input, Select, Textarea } from '@/components/ui/field';
import { api, got } from '@/lib/api';
import { useEnvironmentsFor, useHome, usePackages } from '@/lib/lists';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/triggers';
import { draftOf, KINDS, objectOf, sourceOf, type Kind } from './draft';
import { SourceFields } from './source-fields';

/** What was written; the secret of a webhook is told of a new one alone. */
type Written = Trigger & { secret?: string | null };

function send(trigger: Trigger | undefined, body: TriggerRequest): Promise<Written> {
  return trigger
    ? got(api.PUT('/api/triggers/{id}', { params: { path: { id: trigger.id } }, body: { ...body, revision: trigger.revision } }))
    : got(api.POST('/api/triggers', { body }));
}

const shown = (value: object) => (Object.keys(value).length === 0 ? '' : JSON.stringify(value, null, 2));

/** Makes or changes a trigger; the secret of a new webhook is shown once. */
export function TriggerEditor({ trigger, onClose }: { trigger?: Trigger; onClose: () => void }) {
  const t = useTranslations('triggers');
  const client = useQueryClient();
  const { data: packages } = usePackages();
  const environments = useEnvironmentsFor('WriteTriggers');
  const [name, setName] = useState(trigger?.name ?? '');
  const [packageId, setPackageId] = useState(trigger?.packageId ?? '');
  const [place, setPlace] = useState(trigger?.environmentId ?? '');
  const [draft, setDraft] = useState(() => draftOf(trigger?.source));
  const [inputsText, setInputs] = useState(() => shown(trigger?.inputs ?? {}));
  const [mappingText, setMapping] = useState(() => shown(trigger?.mapping ?? {}));
  const environmentId = useHome(place, 'WriteTriggers');
  const inputs = objectOf(inputsText);
  const mapping = objectOf(mappingText);
  const source = sourceOf(draft, trigger?.source);
  const save = useMutation({
    mutationFn: (body: TriggerRequest) => send(trigger, body),
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: keys.triggers });
      if (saved.secret) return;
      toast.success(t('saved'));
      onClose();
    },
  });
  const made = save.data;
  if (made?.secret) return <Secret secret={made.secret} path={made.hookPath ?? ''} onClose={onClose} />;
  const failed = save.error instanceof ApiError ? save.error : undefined;
  const isReady = name.trim() !== '' && packageId !== '' && inputs !== undefined && mapping !== undefined && source !== undefined;
  const submit = () => {
    if (!inputs || !mapping || !source) return;
    save.mutate({ name: name.trim(), packageId, environmentId, inputs, mapping: mapping as Record<string, string>, source, isActive: trigger?.isActive ?? true });
  };
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={trigger ? t('editTitle') : t('add')}
      footer={
        <>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button kind="primary" busy={save.isPending} disabled={!isReady || save.isPending} onClick={submit}>
            {trigger ? t('save') : t('create')}
          </Button>
        </>
      }
    >
      <div className="grid gap-4 pb-3 sm:grid-cols-2">
        <Field label={t('name')} required error={failed?.field('name')} className="sm:col-span-2">
          {(props) => <Input {...props} value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label={t('package')} required error={failed?.field('packageId')}>
          {(props) => (
            <Select {...props} value={packageId} onChange={(event) => setPackageId(event.target.value)}>
              <option value="">{t('choose')}</option>
              {packages?.map(({ id, name: called }) => (
                <option key={id} value={id}>
                  {called}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t('environment')} error={failed?.field('environmentId')}>
          {(props) => (
            <Select {...props} value={environmentId} onChange={(event) => setPlace(event.target.value)}>
              {environments?.map(({ id, name: called }) => (
                <option key={id} value={id}>
                  {called}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <fieldset className="grid gap-4 rounded-lg border border-border p-4 sm:col-span-2 sm:grid-cols-2">
          <legend className="sr-only">{t('source')}</legend>
          <Field label={t('source')} className="sm:col-span-2">
            {(props) => (
              <Select {...props} value={draft.kind} onChange={(event) => setDraft((before) => ({ ...before, kind: event.target.value as Kind }))}>
                {KINDS.map((one) => (
                  <option key={one} value={one}>
                    {t(`kinds.${one}`)}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <SourceFields
            draft={draft}
            environmentId={environmentId}
            onChange={(part) => setDraft((before) => ({ ...before, ...part }))}
            refused={(field) => failed?.field(`source.${field}`)}
          />
        </fieldset>
        <Field label={t('inputs')} hint={t('inputsHint')} error={inputs ? failed?.field('inputs') : t('badObject')}>
          {(props) => <Textarea {...props} spellCheck={false} placeholder="{}" value={inputsText} onChange={(event) => setInputs(event.target.value)} />}
        </Field>
        <Field label={t('mapping')} hint={t('mappingHint')} error={mapping ? failed?.field('mapping') : t('badObject')}>
          {(props) => <Textarea {...props} spellCheck={false} placeholder="{}" value={mappingText} onChange={(event) => setMapping(event.target.value)} />}
        </Field>
        {save.error && (
          <p role="alert" className="break-words text-bad sm:col-span-2">
            {reason(save.error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}

function Secret({ secret, path, onClose }: { secret: string; path: string; onClose: () => void }) {
  const t = useTranslations('triggers');
  const address = `${window.location.origin}${path}`;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('secretTitle')}
      description={t('secretText')}
      footer={
        <Button kind="primary" onClick={onClose}>
          {t('done')}
        </Button>
      }
    >
      <dl className="grid gap-3 pb-3">
        {(
          [
            [t('secretAddress'), address],
            [t('secret'), secret],
          ] as const
        ).map(([label, value]) => (
          <div key={label} className="min-w-0">
            <dt className="text-xs text-soft">{label}</dt>
            <dd className="mt-1 flex items-start gap-2 rounded-md bg-muted py-1 pr-1 pl-3">
              <code className="min-w-0 flex-1 py-1 font-mono text-xs break-all">{value}</code>
              <CopyButton text={value} />
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
