'use client';

import { useQuery } from '@tanstack/react-query';
import { Ellipsis, History, Pencil, Play, Trash2 } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Schedule } from '@/api/types';
import { Json } from '@/components/json';
import { Page } from '@/components/page';
import { Ago } from '@/components/ui/ago';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Confirm } from '@/components/ui/confirm';
import { Facts } from '@/components/ui/facts';
import { Failure } from '@/components/ui/failure';
import { Menu, MenuItem } from '@/components/ui/menu';
import { Skeleton } from '@/components/ui/skeleton';
import { Switch } from '@/components/ui/switch';
import { api, got } from '@/lib/api';
import { useEnvironments, useMay, useNames, usePackages } from '@/lib/lists';
import { Link, useGo, usePathId } from '@/lib/nav';
import { keys } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';
import '@/messages/schedules';
import { RecentExecutions } from '../executions/recent';
import { useDeleteSchedule, usePause, useRunNow } from './actions';
import { HeatMap } from './heat-map';
import { Preview, inWords } from './preview';

const BackfillDialog = dynamic(() => import('./backfill').then((module) => module.BackfillDialog), { ssr: false });
const ScheduleEditor = dynamic(() => import('./editor').then((module) => module.ScheduleEditor), { ssr: false });

export function ScheduleDetail() {
  const t = useTranslations('schedules');
  const id = usePathId();
  const { data, error, refetch } = useQuery({
    queryKey: keys.schedule(id),
    queryFn: () => got(api.GET('/api/schedules/{id}', { params: { path: { id } } })),
    enabled: id !== '',
  });
  useRefresh('schedules', keys.schedules);
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) {
    return (
      <div className="grid gap-5" aria-busy>
        <Skeleton className="h-8 w-64" />
        <Skeleton className="h-56" />
      </div>
    );
  }
  return (
    <Page
      name={data.name}
      title={data.name}
      parent={{ path: '/schedules', name: t('title') }}
      aside={data.isActive ? <Badge tone="good">{t('active')}</Badge> : <Badge tone="warn">{t('paused')}</Badge>}
      actions={<Actions schedule={data} />}
    >
      {data.pause && (
        <p className="rounded-lg border border-warn/35 bg-warn-soft px-4 py-3">
          {t('pausedBecause', { reason: data.pause.reason })} <Ago at={data.pause.at} className="text-soft" />
        </p>
      )}
      <Overview schedule={data} />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4 lg:grid-cols-2">
        <Card title={t('next')}>
          <Preview cronExpression={data.cronExpression} timeZone={data.timeZone} />
        </Card>
        <Card
          title={t('lastRuns')}
          flush
          actions={
            <Button asChild kind="ghost" size="sm">
              <Link href={`/executions?schedule=${id}`}>{t('allRuns')}</Link>
            </Button>
          }
        >
          <RecentExecutions filter={{ scheduleId: id }} empty={t('noRuns')} limit={6} />
        </Card>
      </div>
      <Card title={t('heat.title')}>
        <HeatMap schedule={data} />
      </Card>
      <Card title={t('inputs')}>
        <Json value={data.inputs} empty={t('noInputs')} />
      </Card>
    </Page>
  );
}

function Overview({ schedule }: { schedule: Schedule }) {
  const t = useTranslations('schedules');
  const packageName = useNames(usePackages().data);
  const environmentName = useNames(useEnvironments().data);
  return (
    <Card>
      <Facts
        items={[
          [
            t('package'),
            <Link key="package" href={`/packages/${schedule.packageId}`} className="hover:text-accent hover:underline">
              {packageName(schedule.packageId)}
            </Link>,
          ],
          [t('environment'), environmentName(schedule.environmentId)],
          [t('when'), inWords(schedule.cronExpression) ?? schedule.cronExpression],
          [
            t('cron'),
            <code key="cron" className="font-mono">
              {schedule.cronExpression}
            </code>,
          ],
          [t('zone'), schedule.timeZone],
          [t('overlap'), t(`overlaps.${schedule.overlap}`)],
          [t('misfire'), t(`misfires.${schedule.misfire}`)],
          [t('nextRun'), schedule.isActive ? <Ago key="next" at={schedule.nextFire ?? schedule.nextDue} /> : '–'],
        ]}
      />
    </Card>
  );
}

function Actions({ schedule }: { schedule: Schedule }) {
  const t = useTranslations('schedules');
  const go = useGo();
  const [editing, setEditing] = useState(false);
  const [asking, setAsking] = useState(false);
  const [filling, setFilling] = useState(false);
  const pause = usePause();
  const run = useRunNow();
  const remove = useDeleteSchedule(() => go('/schedules', { replace: true }));
  const mayWrite = useMay('WriteSchedules', schedule.environmentId);
  const mayRun = useMay('RunExecutions', schedule.environmentId);
  return (
    <>
      {mayWrite && (
        <label className="mr-2 flex items-center gap-2 font-medium">
          <Switch checked={schedule.isActive} onCheckedChange={(isActive) => pause.mutate({ id: schedule.id, isActive })} />
          {t('on')}
        </label>
      )}
      {mayRun && (
        <Button kind="primary" busy={run.isPending} onClick={() => run.mutate(schedule.id)}>
          <Play aria-hidden /> {t('runNow')}
        </Button>
      )}
      {mayWrite && (
        <Button onClick={() => setEditing(true)}>
          <Pencil aria-hidden /> {t('edit')}
        </Button>
      )}
      {(mayRun || mayWrite) && (
        <Menu
          trigger={
            <Button size="icon" aria-label={t('more')}>
              <Ellipsis aria-hidden />
            </Button>
          }
        >
          {mayRun && (
            <MenuItem onSelect={() => setFilling(true)}>
              <History aria-hidden /> {t('backfill.button')}
            </MenuItem>
          )}
          {mayWrite && (
            <MenuItem danger onSelect={() => setAsking(true)}>
              <Trash2 aria-hidden /> {t('delete')}
            </MenuItem>
          )}
        </Menu>
      )}
      {filling && <BackfillDialog schedule={schedule} onClose={() => setFilling(false)} />}
      {editing && <ScheduleEditor schedule={schedule} onClose={() => setEditing(false)} />}
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={t('deleteTitle', { name: schedule.name })}
        text={t('deleteText')}
        action={t('delete')}
        busy={remove.isPending}
        onConfirm={() => remove.mutate(schedule.id)}
      />
    </>
  );
}
