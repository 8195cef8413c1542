'use client';

import { CalendarClock, Play, Plus } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Page } from '@/components/page';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { Switch } from '@/components/ui/switch';
import { useEnvironment } from '@/lib/environment';
import { useMay, useMayIn, useNames, usePackages, useSchedules } from '@/lib/lists';
import { Link } from '@/lib/nav';
import { keys } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';
import '@/messages/schedules';
import { usePause, useRunNow } from './actions';
import { inWords } from './preview';

const ScheduleEditor = dynamic(() => import('./editor').then((module) => module.ScheduleEditor), { ssr: false });

export function Schedules() {
  const t = useTranslations('schedules');
  const { data, error, isPending, refetch } = useSchedules();
  const environment = useEnvironment();
  const packageName = useNames(usePackages().data);
  const [adding, setAdding] = useState(false);
  const pause = usePause();
  const run = useRunNow();
  const mayWrite = useMay('WriteSchedules');
  const mayWriteIn = useMayIn('WriteSchedules');
  const mayRunIn = useMayIn('RunExecutions');
  useRefresh('schedules', keys.schedules);
  const rows = data?.filter((one) => !environment || one.environmentId === environment) ?? [];
  const add = mayWrite && (
    <Button kind="primary" onClick={() => setAdding(true)}>
      <Plus aria-hidden /> {t('add')}
    </Button>
  );
  return (
    <Page name={t('title')} title={t('title')} actions={rows.length > 0 ? add : undefined}>
      <Card flush>
        {isPending ? (
          <SkeletonRows />
        ) : error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : rows.length === 0 ? (
          <Empty icon={CalendarClock} title={t('none')} text={t('noneText')}>
            {add}
          </Empty>
        ) : (
          <Table
            label={t('title')}
            rows={rows}
            rowKey={(one) => one.id}
            columns={[
              {
                id: 'on',
                header: t('on'),
                className: 'w-0',
                cell: (one) => (
                  <Switch
                    aria-label={t('onOf', { name: one.name })}
                    checked={one.isActive}
                    disabled={!mayWriteIn(one.environmentId)}
                    onCheckedChange={(isActive) => pause.mutate({ id: one.id, isActive })}
                  />
                ),
              },
              {
                id: 'name',
                header: t('name'),
                cell: (one) => (
                  <div className="min-w-0">
                    <Link href={`/schedules/${one.id}`} className="font-medium hover:text-accent hover:underline">
                      {one.name}
                    </Link>
                    <p className="truncate text-xs text-soft">{packageName(one.packageId)}</p>
                  </div>
                ),
              },
              {
                id: 'when',
                header: t('when'),
                className: 'hidden md:table-cell',
                cell: (one) => (
                  <div>
                    <p>{inWords(one.cronExpression) ?? one.cronExpression}</p>
                    <p className="text-xs text-soft">
                      <code className="font-mono">{one.cronExpression}</code> · {one.timeZone}
                    </p>
                  </div>
                ),
              },
              { id: 'next', header: t('nextRun'), className: 'whitespace-nowrap', cell: (one) => (one.isActive ? <Ago at={one.nextFire ?? one.nextDue} /> : <span className="text-soft">{t('paused')}</span>) },
              {
                id: 'run',
                header: <span className="sr-only">{t('actions')}</span>,
                className: 'hidden w-0 text-right sm:table-cell',
                cell: (one) =>
                  mayRunIn(one.environmentId) && (
                    <Button size="sm" onClick={() => run.mutate(one.id)}>
                      <Play aria-hidden /> {t('runNow')}
                      <span className="sr-only"> {one.name}</span>
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </Card>
      {adding && <ScheduleEditor onClose={() => setAdding(false)} />}
    </Page>
  );
}
