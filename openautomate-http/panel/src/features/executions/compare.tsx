'use client';

import { useQueries } from '@tanstack/react-query';
import { Columns2 } from 'lucide-react';
import { parseAsArrayOf, parseAsString, useQueryState } from 'nuqs';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Execution } from '@/api/types';
import { Difference } from '@/components/difference';
import { Page } from '@/components/page';
import { StateBadge } from '@/components/state-badge';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Skeleton } from '@/components/ui/skeleton';
import { Switch } from '@/components/ui/switch';
import { api, got } from '@/lib/api';
import { linesOf, type Line } from '@/lib/difference';
import { useAgents, useEnvironments, useNames } from '@/lib/lists';
import { Link } from '@/lib/nav';
import { keys } from '@/lib/query';
import { short } from '@/lib/short';
import { duration, exact } from '@/lib/time';
import '@/messages/compare';
import '@/messages/execution';
import '@/messages/states';

/** Two executions side by side. */
export function Compare() {
  const t = useTranslations('compare');
  const all = useTranslations('execution')('all');
  const [ids] = useQueryState('of', parseAsArrayOf(parseAsString).withDefault([]));
  const results = useQueries({
    queries: ids.slice(0, 2).map((id) => ({ queryKey: keys.execution(id), queryFn: () => got(api.GET('/api/executions/{id}', { params: { path: { id } } })) })),
  });
  const failed = results.find(({ error }) => error);
  const [first, second] = results.map(({ data }) => data);
  return (
    <Page name={t('name')} title={t('title')} parent={{ path: '/executions', name: all }}>
      {ids.length < 2 ? (
        <Card flush>
          <Empty icon={Columns2} title={t('pick')}>
            <Button asChild kind="primary">
              <Link href="/executions">{t('toList')}</Link>
            </Button>
          </Empty>
        </Card>
      ) : failed ? (
        <Failure error={failed.error} onRetry={() => void failed.refetch()} />
      ) : first && second ? (
        <Both first={first} second={second} />
      ) : (
        <Skeleton className="h-96" />
      )}
    </Page>
  );
}

function Both({ first, second }: { first: Execution; second: Execution }) {
  const t = useTranslations('compare');
  const states = useTranslations('states');
  const agentName = useNames(useAgents().data);
  const environmentName = useNames(useEnvironments().data);
  const [isShort, setShort] = useState(false);
  const span = (from: string | null | undefined, to: string | null | undefined) => (from && to ? duration(Date.parse(to) - Date.parse(from)) : undefined);
  const run = (one: Execution) => ({
    [t('fields.state')]: states(one.state),
    [t('fields.package')]: one.packageName,
    [t('fields.version')]: one.versionNumber,
    [t('fields.environment')]: environmentName(one.environmentId),
    [t('fields.agent')]: agentName(one.botAgentId),
    [t('fields.created')]: exact(one.createdAt),
    [t('fields.wait')]: span(one.createdAt, one.startTime),
    [t('fields.duration')]: span(one.startTime, one.endTime),
    [t('fields.attempts')]: one.attempts.length,
    [t('fields.artifacts')]: one.artifactCount,
    [t('fields.error')]: one.error?.message,
  });
  const groups: ['run' | 'inputs' | 'outputs', Line[]][] = [
    ['run', linesOf(run(first), run(second))],
    ['inputs', linesOf(first.inputs, second.inputs)],
    ['outputs', linesOf(first.outputs ?? undefined, second.outputs ?? undefined)],
  ];
  const shown = groups.map(([name, lines]) => [name, isShort ? lines.filter((line) => line.differs) : lines] as const).filter(([, lines]) => lines.length > 0);
  const id = (one: Execution) => `${one.packageName} ${short(one.id)}`;
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        {[first, second].map((one) => (
          <Card key={one.id}>
            <div className="flex flex-wrap items-center justify-between gap-2">
              <Link href={`/executions/${one.id}`} className="min-w-0 truncate font-medium hover:text-accent hover:underline">
                {id(one)}
              </Link>
              <StateBadge state={one.state} />
            </div>
          </Card>
        ))}
      </div>
      <label className="flex w-fit items-center gap-2.5">
        <Switch checked={isShort} onCheckedChange={setShort} />
        {t('same')}
      </label>
      {shown.length === 0 && <p className="text-soft">{t('allSame')}</p>}
      {shown.map(([name, lines]) => (
        <Card key={name} title={t(`groups.${name}`)} flush>
          <Difference label={t(`groups.${name}`)} first={short(first.id)} second={short(second.id)} lines={lines} />
        </Card>
      ))}
    </>
  );
}
