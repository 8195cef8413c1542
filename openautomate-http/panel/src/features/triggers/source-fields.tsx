'use client';

import { useTranslations } from 'use-intl';
import { Field, Input, Select } from '@/components/ui/field';
import { Switch } from '@/components/ui/switch';
import { useAgents, usePackages, usePools, useQueues } from '@/lib/lists';
import '@/messages/triggers';
import type { SourceDraft } from './draft';

interface SourceFieldsProps {
  draft: SourceDraft;
  environmentId: string;
  onChange: (part: Partial<SourceDraft>) => void;
  refused: (field: string) => string | undefined;
}

/** What a trigger waits for, by its kind. */
export function SourceFields(props: SourceFieldsProps) {
  switch (props.draft.kind) {
    case 'webhook':
      return <Webhook {...props} />;
    case 'executionFinished':
      return <Chain {...props} />;
    case 'workQueue':
      return <Queue {...props} />;
    case 'fileArrival':
      return <Files {...props} />;
  }
}

interface PickProps {
  label: string;
  value: string;
  error?: string | undefined;
  /** What to say while nothing is chosen; nothing where something always is. */
  choose?: string;
  options: { id: string; name: string }[] | undefined;
  onChange: (id: string) => void;
}

function Pick({ label, value, error, choose, options, onChange }: PickProps) {
  return (
    <Field label={label} error={error} required={choose !== undefined}>
      {(props) => (
        <Select {...props} value={value} onChange={(event) => onChange(event.target.value)}>
          {choose !== undefined && <option value="">{choose}</option>}
          {options?.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function Webhook({ draft, onChange, refused }: SourceFieldsProps) {
  const t = useTranslations('triggers.fields');
  return (
    <Pick
      label={t('style')}
      value={draft.style}
      error={refused('style')}
      options={(['timestamped', 'github'] as const).map((id) => ({ id, name: t(`styles.${id}`) }))}
      onChange={(style) => onChange({ style: style as SourceDraft['style'] })}
    />
  );
}

function Chain({ draft, onChange, refused }: SourceFieldsProps) {
  const t = useTranslations('triggers.fields');
  const common = useTranslations('triggers');
  const { data: packages } = usePackages();
  return (
    <>
      <Pick label={t('of')} value={draft.packageId} error={refused('packageId')} choose={common('choose')} options={packages} onChange={(packageId) => onChange({ packageId })} />
      <Pick
        label={t('on')}
        value={draft.on}
        options={(['success', 'failure', 'any'] as const).map((id) => ({ id, name: t(`ends.${id}`) }))}
        onChange={(on) => onChange({ on: on as SourceDraft['on'] })}
      />
    </>
  );
}

function Queue({ draft, environmentId, onChange, refused }: SourceFieldsProps) {
  const t = useTranslations('triggers.fields');
  const common = useTranslations('triggers');
  const { data: queues } = useQueues();
  const number = (label: string, field: 'minItems' | 'perExecution' | 'maxRunning' | 'pauseSeconds' | 'ageSeconds', sent: string, hint?: string) => (
    <Field label={label} hint={hint} error={refused(sent)}>
      {(props) => <Input {...props} type="number" min={0} value={draft[field]} onChange={(event) => onChange({ [field]: event.target.value })} />}
    </Field>
  );
  return (
    <>
      <Pick
        label={t('queue')}
        value={draft.queueId}
        error={refused('queueId')}
        choose={common('choose')}
        options={queues?.filter((one) => one.environmentId === environmentId)}
        onChange={(queueId) => onChange({ queueId })}
      />
      {number(t('minItems'), 'minItems', 'minItems')}
      {number(t('perExecution'), 'perExecution', 'itemsPerExecution', t('perExecutionHint'))}
      {number(t('maxRunning'), 'maxRunning', 'maxRunning')}
      {number(t('pause'), 'pauseSeconds', 'minPauseMs', t('pauseHint'))}
      {number(t('age'), 'ageSeconds', 'maxAgeMs', t('ageHint'))}
    </>
  );
}

function Files({ draft, environmentId, onChange, refused }: SourceFieldsProps) {
  const t = useTranslations('triggers.fields');
  const common = useTranslations('triggers');
  const { data: agents } = useAgents();
  const { data: pools } = usePools();
  const here = <T extends { environmentId: string }>(list: T[] | undefined) => list?.filter((one) => one.environmentId === environmentId);
  return (
    <>
      <Pick
        label={t('where')}
        value={draft.where}
        options={(['agent', 'label', 'pool'] as const).map((id) => ({ id, name: t(id) }))}
        onChange={(where) => onChange({ where: where as SourceDraft['where'] })}
      />
      {draft.where === 'label' ? (
        <Field label={t('label')} required error={refused('label')}>
          {(props) => <Input {...props} value={draft.label} onChange={(event) => onChange({ label: event.target.value })} />}
        </Field>
      ) : draft.where === 'pool' ? (
        <Pick label={t('pool')} value={draft.poolId} error={refused('poolId')} choose={common('choose')} options={here(pools)} onChange={(poolId) => onChange({ poolId })} />
      ) : (
        <Pick label={t('agent')} value={draft.agentId} error={refused('agentId')} choose={common('choose')} options={here(agents)} onChange={(agentId) => onChange({ agentId })} />
      )}
      <Field label={t('folder')} hint={t('folderHint')} required error={refused('folder')} className="sm:col-span-2">
        {(props) => <Input {...props} className="font-mono" spellCheck={false} value={draft.folder} onChange={(event) => onChange({ folder: event.target.value })} />}
      </Field>
      <Field label={t('pattern')} hint={t('patternHint')} error={refused('pattern')}>
        {(props) => <Input {...props} className="font-mono" spellCheck={false} value={draft.pattern} onChange={(event) => onChange({ pattern: event.target.value })} />}
      </Field>
      <Pick
        label={t('pass')}
        value={draft.pass}
        error={refused('pass')}
        options={(['file', 'path'] as const).map((id) => ({ id, name: t(`passes.${id}`) }))}
        onChange={(pass) => onChange({ pass: pass as SourceDraft['pass'] })}
      />
      <Pick
        label={t('after')}
        value={draft.after}
        error={refused('after')}
        options={(['leave', 'move', 'remove'] as const).map((id) => ({ id, name: t(`afters.${id}`) }))}
        onChange={(after) => onChange({ after: after as SourceDraft['after'] })}
      />
      <label className="flex items-center gap-2.5 self-end pb-2">
        <Switch checked={draft.existing} onCheckedChange={(existing) => onChange({ existing })} />
        {t('existing')}
      </label>
    </>
  );
}
