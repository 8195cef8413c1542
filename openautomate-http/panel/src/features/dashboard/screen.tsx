'use client';

import { useQuery } from '@tanstack/react-query';
import { Activity, Bot, CalendarClock, CircleCheck, CircleX } from 'lucide-react';
import { useMemo, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import type { ExecutionSummary } from '@/api/types';
import { Chart } from '@/components/chart';
import { Page } from '@/components/page';
import { Ago } from '@/components/ui/ago';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Skeleton, SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { useEnvironment } from '@/lib/environment';
import { useAgents, useMay, useSchedules } from '@/lib/lists';
import { Link } from '@/lib/nav';
import { keys } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';
import '@/messages/dashboard';
import { AgentStatus } from '../agents/status';
import { ExecutionRows, RecentExecutions, useRecent } from '../executions/recent';
import { Beginning } from './beginning';
import { byHour, share } from './throughput';


const HOURS = 24;
/** The chart counts so many of the newest executions. */
const SAMPLE = 1_000;

/** The executions of the last day, the newest thousand of them. */
function useLastDay(enabled: boolean) {
  const environment = useEnvironment();
  const key = [...keys.executions, 'day', environment];
  useRefresh('executions', key);
  return useQuery({
    queryKey: key,
    queryFn: async () => {
      const since = Date.now() - HOURS * 3_600_000;
      const items: ExecutionSummary[] = [];
      let cursor: string | undefined;
      do {
        const page = await got(
          api.GET('/api/executions', { params: { query: { limit: 200, ...(cursor ? { cursor } : {}), ...(environment ? { environmentId: environment } : {}) } } }),
        );
        items.push(...page.items);
        cursor = page.next ?? undefined;
      } while (cursor && items.length < SAMPLE && Date.parse(items.at(-1)?.createdAt ?? '') > since);
      return { items: items.filter((one) => Date.parse(one.createdAt) > since), isWhole: !cursor || items.length < SAMPLE, now: Date.now() };
    },
    refetchInterval: 60_000,
    enabled,
  });
}

export function Dashboard() {
  const t = useTranslations('dashboard');
  const environment = useEnvironment();
  const inEnvironment = useMemo(() => (environment ? { environmentId: environment } : {}), [environment]);
  const sees = { executions: useMay('ReadExecutions') ?? false, agents: useMay('ReadAgents') ?? false, schedules: useMay('ReadSchedules') ?? false };
  const mayBegin = useMay('EnrolAgents');
  const day = useLastDay(sees.executions);
  const running = useRecent({ ...inEnvironment, state: 'Running,Assigned' }, 6, sees.executions);
  const failures = useRecent({ ...inEnvironment, state: 'Failed,TimedOut' }, 6, sees.executions);
  const { data: agents } = useAgents();
  const { data: schedules } = useSchedules();
  useRefresh('agents', keys.agents);
  useRefresh('schedules', keys.schedules);
  const mine = agents?.filter((agent) => !environment || agent.environmentId === environment);
  const ready = mine?.filter((agent) => agent.connected && agent.status === 'Active');
  const upcoming = schedules
    ?.filter((one) => one.isActive && (one.nextFire ?? one.nextDue) && (!environment || one.environmentId === environment))
    .sort((one, other) => Date.parse(one.nextFire ?? one.nextDue ?? '') - Date.parse(other.nextFire ?? other.nextDue ?? ''));
  const counts = useMemo(() => (day.data ? share(day.data.items) : undefined), [day.data]);
  const isNew = day.data?.items.length === 0 && agents !== undefined && (agents.length === 0 || schedules?.length === 0) && running.data?.length === 0;

  return (
    <Page name={t('title')} title={t('title')}>
      {isNew && mayBegin && <Beginning hasAgent={(agents?.length ?? 0) > 0} />}
      {!sees.executions && !sees.agents && !sees.schedules && (
        <Card>
          <Nothing text={t('nothingToSee')} />
        </Card>
      )}
      <div className="grid grid-cols-2 gap-3 empty:hidden sm:gap-4 lg:grid-cols-4">
        {sees.executions && (
          <>
            <Figure icon={<Activity />} name={t('running')} value={counts?.running} note={counts ? t('waiting', { count: counts.waiting }) : undefined} href="/executions?state=Running,Assigned" />
            <Figure
              icon={<CircleCheck />}
              name={t('success')}
              value={counts ? (counts.ended === 0 ? '–' : `${Math.round((100 * counts.succeeded) / counts.ended)} %`) : undefined}
              note={counts ? t('ofEnded', { count: counts.ended }) : undefined}
              href="/executions?state=Succeeded"
            />
            <Figure
              icon={<CircleX />}
              name={t('failed')}
              value={counts?.failed}
              note={t('lastDay')}
              tone={counts && counts.failed > 0 ? 'text-bad' : ''}
              href="/executions?state=Failed,TimedOut"
            />
          </>
        )}
        {sees.agents && (
          <Figure
            icon={<Bot />}
            name={t('agents')}
            value={ready && mine ? `${ready.length} / ${mine.length}` : undefined}
            note={t('ready')}
            tone={mine && mine.length > 0 && ready?.length === 0 ? 'text-bad' : ''}
            href="/agents"
          />
        )}
      </div>
      {sees.executions && (
        <Card title={t('throughput')} actions={day.data && !day.data.isWhole ? <span className="text-xs text-soft">{t('sample', { count: SAMPLE })}</span> : undefined}>
          {day.data ? <Throughput items={day.data.items} now={day.data.now} /> : <Skeleton className="h-56" />}
        </Card>
      )}
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4 lg:grid-cols-2">
        {sees.executions && (
          <>
            <Card title={t('now')} flush actions={<More href="/executions?state=Running,Assigned" />}>
              <Rows rows={running.data} empty={t('nothingRuns')} />
            </Card>
            <Card title={t('lastFailures')} flush actions={<More href="/executions?state=Failed,TimedOut" />}>
              <Rows rows={failures.data} empty={t('noFailures')} reason />
            </Card>
          </>
        )}
        {sees.schedules && (
          <Card title={t('upcoming')} flush actions={<More href="/schedules" />}>
            {!upcoming ? (
              <SkeletonRows count={3} />
            ) : upcoming.length === 0 ? (
              <Nothing text={t('nothingScheduled')} />
            ) : (
              <ul className="divide-y divide-border">
                {upcoming.slice(0, 6).map((one) => (
                  <li key={one.id} className="flex items-center justify-between gap-3 px-4 py-2.5">
                    <span className="flex min-w-0 items-center gap-2.5">
                      <CalendarClock className="size-4 shrink-0 text-soft" aria-hidden />
                      <Link href={`/schedules/${one.id}`} className="truncate font-medium hover:text-accent hover:underline">
                        {one.name}
                      </Link>
                    </span>
                    <Ago at={one.nextFire ?? one.nextDue} className="whitespace-nowrap text-soft" />
                  </li>
                ))}
              </ul>
            )}
          </Card>
        )}
        {sees.agents && (
          <Card title={t('agents')} flush actions={<More href="/agents" />}>
            {!mine ? (
              <SkeletonRows count={3} />
            ) : mine.length === 0 ? (
              <Nothing text={t('noAgents')} />
            ) : (
              <ul className="divide-y divide-border">
                {mine.slice(0, 6).map((agent) => (
                  <li key={agent.id} className="flex items-center justify-between gap-3 px-4 py-2.5">
                    <Link href={`/agents/${agent.id}`} className="min-w-0 truncate font-medium hover:text-accent hover:underline">
                      {agent.name}
                    </Link>
                    <AgentStatus agent={agent} />
                  </li>
                ))}
              </ul>
            )}
          </Card>
        )}
      </div>
      {sees.executions && (
        <Card title={t('latest')} flush actions={<More href="/executions" />}>
          <RecentExecutions filter={inEnvironment} empty={t('nothingYet')} limit={8} />
        </Card>
      )}
    </Page>
  );
}

function More({ href }: { href: string }) {
  const t = useTranslations('dashboard');
  return (
    <Button asChild kind="ghost" size="sm" className="text-soft">
      <Link href={href}>{t('all')}</Link>
    </Button>
  );
}

function Nothing({ text }: { text: string }) {
  return <p className="px-4 py-8 text-center text-soft">{text}</p>;
}

function Rows({ rows, empty, reason }: { rows: ExecutionSummary[] | undefined; empty: string; reason?: boolean }) {
  if (!rows) return <SkeletonRows count={3} />;
  return rows.length === 0 ? <Nothing text={empty} /> : <ExecutionRows rows={rows} reason={reason ?? false} />;
}

interface FigureProps {
  icon: ReactNode;
  name: string;
  value: ReactNode;
  note: string | undefined;
  tone?: string;
  href: string;
}

function Figure({ icon, name, value, note, tone, href }: FigureProps) {
  return (
    <Link href={href} className="min-w-0 rounded-lg border border-border bg-surface p-4 shadow-card transition-colors hover:border-border-strong">
      <p className="flex items-center gap-2 text-soft [&_svg]:size-4">
        <span aria-hidden>{icon}</span> <span className="truncate">{name}</span>
      </p>
      {value === undefined ? (
        <Skeleton className="mt-2 h-8 w-16" />
      ) : (
        <p className={`mt-1 text-2xl font-semibold tracking-tight tabular-nums ${tone ?? ''}`}>{value}</p>
      )}
      <p className="mt-0.5 min-h-4 truncate text-xs text-soft">{note}</p>
    </Link>
  );
}

function Throughput({ items, now }: { items: ExecutionSummary[]; now: number }) {
  const t = useTranslations('dashboard');
  const { labels, series } = useMemo(() => {
    const hours = byHour(items, now, HOURS);
    return {
      labels: hours.map(({ start }) => `${String(new Date(start).getHours()).padStart(2, '0')}:00`),
      series: [
        { name: t('series.succeeded'), colour: 'good', values: hours.map((hour) => hour.succeeded) },
        { name: t('series.failed'), colour: 'bad', values: hours.map((hour) => hour.failed) },
        { name: t('series.other'), colour: 'border-strong', values: hours.map((hour) => hour.other) },
      ],
    };
  }, [items, now, t]);
  return <Chart kind="bar" label={t('throughput')} labels={labels} series={series} />;
}
