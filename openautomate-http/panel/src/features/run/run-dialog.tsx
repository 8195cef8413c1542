'use client';

import { useMutation, useQuery } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useTranslations } from 'use-intl';
import type { PackageVersion } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog, FormActions } from '@/components/ui/dialog';
import { Field, Select, Textarea } from '@/components/ui/field';
import { Failure } from '@/components/ui/failure';
import { Skeleton } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { useAgents, useEnvironmentsFor, useHome, usePackages } from '@/lib/lists';
import { useGo } from '@/lib/nav';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/run';
import { draftOf, inputsOf, valuesOf, type Draft, type Schema } from './schema';
import { SchemaForm } from './schema-form';
import { useVersions } from './versions';

interface RunDialogProps {
  packageId?: string;
  versionId?: string;
  environmentId?: string;
  inputs?: Record<string, unknown>;
  onClose: () => void;
}

/** Runs a package by hand. */
export function RunDialog({ packageId: given, versionId, environmentId: place, inputs, onClose }: RunDialogProps) {
  const t = useTranslations('run');
  const { data: packages } = usePackages();
  const environments = useEnvironmentsFor('RunExecutions');
  const [packageId, setPackageId] = useState(given ?? '');
  const [environmentId, setEnvironmentId] = useState(place ?? '');
  const home = useHome(environmentId, 'RunExecutions');
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} wide title={t('title')}>
      <div className="grid gap-4">
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t('package')} required>
            {(props) => (
              <Select {...props} value={packageId} disabled={Boolean(given)} onChange={(event) => setPackageId(event.target.value)}>
                <option value="">{t('choose')}</option>
                {packages?.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <Field label={t('environment')}>
            {(props) => (
              <Select {...props} value={home} onChange={(event) => setEnvironmentId(event.target.value)}>
                {environments?.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        </div>
        {packageId && home && (
          <RunForm key={`${packageId} ${home}`} packageId={packageId} wanted={versionId} environmentId={home} inputs={inputs} onClose={onClose} />
        )}
        {!packageId && packages?.length === 0 && <p className="text-soft">{t('noPackages')}</p>}
      </div>
    </Dialog>
  );
}

interface RunFormProps {
  packageId: string;
  wanted: string | undefined;
  environmentId: string;
  inputs: Record<string, unknown> | undefined;
  onClose: () => void;
}

function RunForm({ packageId, wanted, environmentId, inputs, onClose }: RunFormProps) {
  const t = useTranslations('run');
  const { data: versions, error, isPending } = useVersions(packageId);
  const active = versions?.find((one) => one.activeIn.includes(environmentId));
  const [picked, setPicked] = useState(wanted ?? '');
  const version = versions?.find((one) => one.id === picked) ?? active;
  const detail = useQuery({
    queryKey: [...keys.versions(packageId), version?.id],
    enabled: version !== undefined,
    queryFn: () =>
      got(api.GET('/api/packages/{id}/versions/{versionId}', { params: { path: { id: packageId, versionId: version?.id ?? '' } } })),
  });
  if (error ?? detail.error) return <Failure error={error ?? detail.error} />;
  if (isPending) return <Skeleton className="h-24" />;
  return (
    <>
      <Field label={t('version')} hint={active ? undefined : t('noActive')}>
        {(props) => (
          <Select {...props} value={version?.id ?? ''} onChange={(event) => setPicked(event.target.value)}>
            {!version && <option value="">{t('choose')}</option>}
            {versions.map((one) => (
              <option key={one.id} value={one.id}>
                {one.versionNumber}
                {one === active ? ` (${t('active')})` : ''}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {version && detail.isPending && <Skeleton className="h-24" />}
      {version && detail.data && (
        <InputsForm key={version.id} version={detail.data} isActive={version === active} environmentId={environmentId} given={inputs} onClose={onClose} />
      )}
    </>
  );
}

interface InputsFormProps {
  version: PackageVersion;
  isActive: boolean;
  environmentId: string;
  given: Record<string, unknown> | undefined;
  onClose: () => void;
}

function InputsForm({ version, isActive, environmentId, given, onClose }: InputsFormProps) {
  const t = useTranslations('run');
  const go = useGo();
  const { data: agents } = useAgents();
  const inputs = useMemo(() => inputsOf(version.inputsSchema as Schema | null), [version.inputsSchema]);
  const isFree = inputs.length === 0;
  const [draft, setDraft] = useState<Draft>(() => draftOf(inputs, given));
  const [asJson, setAsJson] = useState(isFree && given !== undefined && Object.keys(given).length > 0);
  const [text, setText] = useState(() => JSON.stringify(given ?? {}, null, 2));
  const [badJson, setBadJson] = useState(false);
  const [agentId, setAgentId] = useState('');
  const [tried, setTried] = useState(false);
  const { values, wrong } = valuesOf(inputs, draft);

  const run = useMutation({
    mutationFn: (body: Record<string, unknown>) =>
      got(
        api.POST('/api/executions', {
          body: {
            packageId: version.packageId,
            environmentId,
            inputs: body,
            ...(isActive ? {} : { versionId: version.id }),
            ...(agentId ? { agentId } : {}),
          },
        }),
      ),
    onSuccess: ({ id }) => {
      toast.success(t('started'));
      onClose();
      go(`/executions/${id}`);
    },
  });
  const failed = run.error instanceof ApiError ? run.error : undefined;
  const refused = (name: string) => failed?.field(`inputs.${name}`);
  const isTold = inputs.some(({ name }) => refused(name));

  const submit = () => {
    setTried(true);
    if (!asJson) {
      if (Object.keys(wrong).length === 0) run.mutate(values);
      return;
    }
    try {
      const body = JSON.parse(text) as unknown;
      if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new SyntaxError('no object');
      setBadJson(false);
      run.mutate(body as Record<string, unknown>);
    } catch {
      setBadJson(true);
    }
  };
  const swap = () => {
    if (!asJson) setText(JSON.stringify(values, null, 2));
    setAsJson(!asJson);
  };

  return (
    <form
      className="grid gap-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <fieldset className="grid gap-3">
        <div className="flex items-center justify-between">
          <legend className="font-medium">{t('inputs')}</legend>
          <Button kind="link" size="sm" onClick={swap}>
            {asJson ? t('asForm') : t('asJson')}
          </Button>
        </div>
        {asJson ? (
          <Field label={t('inputsJson')} error={badJson ? t('wrong.json') : failed?.field('inputs')}>
            {(props) => <Textarea {...props} rows={9} spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} />}
          </Field>
        ) : isFree ? (
          <p className="text-soft">{t('noInputs')}</p>
        ) : (
          <SchemaForm inputs={inputs} draft={draft} onChange={setDraft} wrong={tried ? wrong : {}} refused={refused} />
        )}
      </fieldset>
      <Field label={t('agent')} hint={t('agentHint')}>
        {(props) => (
          <Select {...props} value={agentId} onChange={(event) => setAgentId(event.target.value)}>
            <option value="">{t('anyAgent')}</option>
            {agents
              ?.filter((agent) => agent.environmentId === environmentId)
              .map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
          </Select>
        )}
      </Field>
      {run.error && !isTold && (
        <p role="alert" className="text-bad">
          {reason(run.error)}
        </p>
      )}
      <FormActions>
        <Button onClick={onClose}>{t('back')}</Button>
        <Button type="submit" kind="primary" busy={run.isPending}>
          <Play aria-hidden /> {t('run')}
        </Button>
      </FormActions>
    </form>
  );
}
