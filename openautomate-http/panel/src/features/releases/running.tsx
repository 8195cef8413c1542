'use client';

import { Bot } from 'lucide-react';
import { useTranslations } from 'use-intl';
import type { AgentRollout } from '@/api/types';
import { Table } from '@/components/table';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { useEnvironment } from '@/lib/environment';
import { useAgents } from '@/lib/lists';
import { Link } from '@/lib/nav';
import '@/messages/updates';
import { AgentStatus } from '../agents/status';
import { isTarget } from './lists';

/** What each agent runs, and whether it takes releases from here. */
export function Running({ rollout }: { rollout: AgentRollout | undefined }) {
  const t = useTranslations('updates');
  const { data, error, isPending, refetch } = useAgents();
  const environment = useEnvironment();
  if (isPending) return <SkeletonRows count={3} />;
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  const rows = data.filter((agent) => agent.enrolled && (!environment || agent.environmentId === environment));
  if (rows.length === 0) return <Empty icon={Bot} title={t('noAgents')} />;
  return (
    <Table
      label={t('running')}
      rows={rows}
      rowKey={(agent) => agent.id}
      columns={[
        {
          id: 'name',
          header: t('agent'),
          cell: (agent) => (
            <Link href={`/agents/${agent.id}`} className="font-medium hover:text-accent hover:underline">
              {agent.name}
            </Link>
          ),
        },
        { id: 'version', header: t('version'), className: 'tabular-nums', cell: ({ facts }) => facts.agentVersion || '–' },
        { id: 'status', header: t('status'), className: 'hidden sm:table-cell', cell: (agent) => <AgentStatus agent={agent} /> },
        { id: 'system', header: t('system'), className: 'hidden text-soft md:table-cell', cell: ({ facts }) => (facts.os ? `${facts.os} ${facts.arch}` : '–') },
        {
          id: 'updates',
          header: t('takes'),
          className: 'hidden text-soft sm:table-cell',
          cell: (agent) => {
            if (!agent.facts.isUpdatable) return <span title={t('noHint')}>{t('no')}</span>;
            return rollout && isTarget(agent, rollout.target) ? t('inRollout') : t('yes');
          },
        },
      ]}
    />
  );
}
