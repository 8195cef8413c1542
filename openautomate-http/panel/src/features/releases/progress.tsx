'use client';

import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import type { AgentRollout } from '@/api/types';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Facts } from '@/components/ui/facts';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { useAgents, useNames, usePools } from '@/lib/lists';
import { Link } from '@/lib/nav';
import '@/messages/updates';
import { useUpdates } from './lists';
import { RolloutBadge, UpdateBadge } from './states';

/** Which agents a rollout is for, in words. */
export function useTargetWords(): (target: AgentRollout['target']) => string {
  const t = useTranslations('updates.of');
  const poolName = useNames(usePools().data);
  return (target) => {
    if (target.kind === 'pool') return t('pool', { name: poolName(target.poolId) });
    if (target.kind === 'label') return t('label', { label: target.label ?? '' });
    return t('all');
  };
}

/** How far a rollout is: its stages, and each agent. */
export function RolloutProgress({ rollout }: { rollout: AgentRollout }) {
  const t = useTranslations('updates');
  const words = useTargetWords();
  const agentName = useNames(useAgents().data);
  const { data, error } = useUpdates(rollout);
  const healthy = data?.filter((one) => one.state === 'healthy').length ?? 0;
  const most = rollout.stages.reduce((sum, count) => sum + count, 0);
  return (
    <div className="grid gap-4">
      <div className="grid gap-4 px-4 pt-4">
        <Facts
          items={[
            [t('state'), <RolloutBadge key="state" state={rollout.state} />],
            [t('target'), words(rollout.target)],
            [t('stage'), t('stageOf', { at: rollout.stage + 1, count: rollout.stages.length })],
            [t('begun'), <Ago key="begun" at={rollout.createdAt} />],
            ...(rollout.endedAt ? [[t('ended'), <Ago key="ended" at={rollout.endedAt} />] as [string, ReactNode]] : []),
          ]}
        />
        <div className="grid gap-1.5">
          <p className="text-soft tabular-nums">{t('healthyOf', { healthy, count: most })}</p>
          <Stages rollout={rollout} healthyOf={(stage) => data?.filter((one) => one.stage === stage && one.state === 'healthy').length ?? 0} />
        </div>
        {rollout.reason && (
          <p role="alert" className="rounded-md bg-bad-soft px-3 py-2 break-words text-bad first-letter:uppercase">
            {rollout.reason}
          </p>
        )}
      </div>
      {error ? (
        <Failure error={error} />
      ) : !data ? (
        <SkeletonRows count={3} />
      ) : (
        <Table
          label={t('agentsOf')}
          rows={data}
          rowKey={(one) => one.agentId}
          columns={[
            {
              id: 'agent',
              header: t('agent'),
              cell: (one) => (
                <div className="min-w-0">
                  <Link href={`/agents/${one.agentId}`} className="font-medium hover:text-accent hover:underline">
                    {agentName(one.agentId)}
                  </Link>
                  {one.reason && <p className="max-w-xl text-xs break-words text-bad first-letter:uppercase">{one.reason}</p>}
                </div>
              ),
            },
            { id: 'state', header: t('state'), cell: (one) => <UpdateBadge state={one.state} /> },
            { id: 'stage', header: t('stage'), className: 'hidden tabular-nums text-soft sm:table-cell', cell: (one) => one.stage + 1 },
            { id: 'changed', header: t('changed'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (one) => <Ago at={one.changedAt} /> },
          ]}
        />
      )}
    </div>
  );
}

/** A bar of the stages, each as long as it has agents. */
function Stages({ rollout, healthyOf }: { rollout: AgentRollout; healthyOf: (stage: number) => number }) {
  const t = useTranslations('updates');
  return (
    <div className="flex gap-1" role="img" aria-label={rollout.stages.map((count, stage) => t('stageSays', { stage: stage + 1, healthy: healthyOf(stage), count })).join(', ')}>
      {rollout.stages.map((count, stage) => (
        <div key={stage} className="h-2 min-w-3 overflow-hidden rounded-full bg-muted" style={{ flexGrow: count }}>
          <div className="h-full bg-good transition-[width]" style={{ width: `${count === 0 ? 0 : (healthyOf(stage) / count) * 100}%` }} />
        </div>
      ))}
    </div>
  );
}
