'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Schedule, ScheduleRequest } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input, Select } from '@/components/ui/field';
import { api, got } from '@/lib/api';
import { useEnvironmentsFor, useHome, usePackages } from '@/lib/lists';
import { useGo } from '@/lib/nav';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/schedules';
import { useVersions } from '../run/versions';
import { draftOf, inputsOf, valuesOf, type Draft, type Schema } from '../run/schema';
import { SchemaForm } from '../run/schema-form';
import { Preview } from './preview';

const USUAL = ['*/15 * * * *', '0 * * * *', '0 6 * * *', '0 8 * * MON-FRI', '0 0 1 * *'] as const;

function zones(): string[] {
  const known = Intl.supportedValuesOf('timeZone');
  return known.includes('UTC') ? known : ['UTC', ...known];
}

interface EditorProps {
  /** The one to change; a new one without it. */
  schedule?: Schedule;
  onClose: () => void;
}

/** Makes or changes a schedule, and shows when it will run. */
export function ScheduleEditor({ schedule, onClose }: EditorProps) {
  const t = useTranslations('schedules');
  const client = useQueryClient();
  const go = useGo();
  const { data: packages } = usePackages();
  const environments = useEnvironmentsFor('WriteSchedules');
  const [name, setName] = useState(schedule?.name ?? '');
  const [packageId, setPackageId] = useState(schedule?.packageId ?? '');
  const [place, setPlace] = useState(schedule?.environmentId ?? '');
  const [cron, setCron] = useState(schedule?.cronExpression ?? '0 8 * * MON-FRI');
  const [zone, setZone] = useState(schedule?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  const [overlap, setOverlap] = useState<Schedule['overlap']>(schedule?.overlap ?? 'skip');
  const [misfire, setMisfire] = useState<Schedule['misfire']>(schedule?.misfire ?? 'latest');
  const [edited, setEdited] = useState<Draft>();
  const environmentId = useHome(place, 'WriteSchedules');

  const versions = useVersions(packageId);
  const active = versions.data?.find((one) => one.activeIn.includes(environmentId));
  const version = useQuery({
    queryKey: [...keys.versions(packageId), active?.id],
    enabled: active !== undefined,
    queryFn: () => got(api.GET('/api/packages/{id}/versions/{versionId}', { params: { path: { id: packageId, versionId: active?.id ?? '' } } })),
  });
  const inputs = useMemo(() => inputsOf(version.data?.inputsSchema as Schema | null | undefined), [version.data]);
  const given = schedule?.packageId === packageId ? (schedule.inputs as Record<string, unknown>) : undefined;
  const draft = edited ?? draftOf(inputs, given);
  const { values, wrong } = valuesOf(inputs, draft);

  const save = useMutation({
    mutationFn: () => {
      const body: ScheduleRequest = {
        ...(schedule ? kept(schedule) : {}),
        name: name.trim() || null,
        packageId,
        environmentId,
        cronExpression: cron.trim(),
        timeZone: zone,
        overlap,
        misfire,
        inputs: inputs.length > 0 ? values : (given ?? {}),
      };
      return schedule
        ? got(api.PUT('/api/schedules/{id}', { params: { path: { id: schedule.id } }, body: { ...body, revision: schedule.revision } }))
        : got(api.POST('/api/schedules', { body }));
    },
    onSuccess: (saved) => {
      toast.success(schedule ? t('saved') : t('made'));
      for (const warning of saved.warnings) toast.warning(warning.message);
      void client.invalidateQueries({ queryKey: keys.schedules });
      onClose();
      if (!schedule) go(`/schedules/${saved.id}`);
    },
  });
  const failed = save.error instanceof ApiError ? save.error : undefined;
  const isWrong = inputs.length > 0 && Object.keys(wrong).length > 0;

  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={schedule ? t('edit') : t('add')}
      footer={
        <>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button kind="primary" busy={save.isPending} disabled={!packageId || !cron.trim() || isWrong || save.isPending} onClick={() => save.mutate()}>
            {schedule ? t('save') : t('create')}
          </Button>
        </>
      }
    >
      <div className="grid gap-4 pb-3">
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t('package')} required error={failed?.field('packageId')}>
            {(props) => (
              <Select
                {...props}
                value={packageId}
                onChange={(event) => {
                  setPackageId(event.target.value);
                  setEdited(undefined);
                }}
              >
                <option value="">{t('choose')}</option>
                {packages?.map(({ id, name: called }) => (
                  <option key={id} value={id}>
                    {called}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <Field label={t('environment')}>
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
          <Field label={t('name')} hint={t('nameHint')} error={failed?.field('name')} className="sm:col-span-2">
            {(props) => <Input {...props} value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
          <Field label={t('cron')} hint={t('cronHint')} required error={failed?.field('cronExpression')}>
            {(props) => <Input {...props} className="font-mono" spellCheck={false} value={cron} onChange={(event) => setCron(event.target.value)} />}
          </Field>
          <Field label={t('zone')} error={failed?.field('timeZone')}>
            {(props) => (
              <Select {...props} value={zone} onChange={(event) => setZone(event.target.value)}>
                {zones().map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </Select>
            )}
          </Field>
        </div>
        <div className="flex flex-wrap gap-1.5" role="group" aria-label={t('usual')}>
          {USUAL.map((one, index) => (
            <Button key={one} size="sm" aria-pressed={cron === one} onClick={() => setCron(one)}>
              {t(`usually.${index as 0}`)}
            </Button>
          ))}
        </div>
        <section className="rounded-lg border border-border bg-background p-4" aria-label={t('next')}>
          <Preview cronExpression={cron} timeZone={zone} />
        </section>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t('overlap')} hint={t('overlapHint')}>
            {(props) => (
              <Select {...props} value={overlap} onChange={(event) => setOverlap(event.target.value as Schedule['overlap'])}>
                {(['allow', 'skip', 'queueOne', 'cancelRunning'] as const).map((one) => (
                  <option key={one} value={one}>
                    {t(`overlaps.${one}`)}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <Field label={t('misfire')} hint={t('misfireHint')}>
            {(props) => (
              <Select {...props} value={misfire} onChange={(event) => setMisfire(event.target.value as Schedule['misfire'])}>
                {(['skip', 'latest', 'all'] as const).map((one) => (
                  <option key={one} value={one}>
                    {t(`misfires.${one}`)}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        </div>
        {inputs.length > 0 && (
          <fieldset className="grid gap-3">
            <legend className="mb-2 font-medium">{t('inputs')}</legend>
            <SchemaForm inputs={inputs} draft={draft} onChange={setEdited} wrong={wrong} refused={(one) => failed?.field(`inputs.${one}`)} />
          </fieldset>
        )}
        {packageId && versions.data && !active && <p className="text-warn">{t('noActive')}</p>}
        {save.error && (
          <p role="alert" className="text-bad">
            {reason(save.error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}

/** What this form does not show stays as it was. */
function kept(schedule: Schedule): Partial<ScheduleRequest> {
  const { calendarId, calendarRule, catchupWindowMs, dstGap, dstOverlap, endsAt, isActive, jitterMs, maxCatchup, options, pauseAfterFailures, startsAt } = schedule;
  return {
    calendarRule,
    catchupWindowMs,
    dstGap,
    dstOverlap,
    isActive,
    jitterMs,
    maxCatchup,
    options,
    ...(calendarId ? { calendarId } : {}),
    ...(endsAt ? { endsAt } : {}),
    ...(pauseAfterFailures ? { pauseAfterFailures } : {}),
    ...(startsAt ? { startsAt } : {}),
  };
}
