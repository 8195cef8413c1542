'use client';

import { Bot, PackagePlus, Plus } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Page } from '@/components/page';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { useEnvironment } from '@/lib/environment';
import { useAgents, useEnvironments, useMay, useNames } from '@/lib/lists';
import { Link } from '@/lib/nav';
import { keys } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';
import '@/messages/agents';
import { QuarantineBanner } from './quarantine';
import { AgentStatus } from './status';

const EnrolDialog = dynamic(() => import('./enrol').then((module) => module.EnrolDialog), { ssr: false });

export function Agents() {
  const t = useTranslations('agents');
  const { data, error, isPending, refetch } = useAgents();
  const environment = useEnvironment();
  const environmentName = useNames(useEnvironments().data);
  const [adding, setAdding] = useState(false);
  const mayEnrol = useMay('EnrolAgents');
  useRefresh('agents', keys.agents);
  const rows = data?.filter((agent) => !environment || agent.environmentId === environment) ?? [];
  const add = mayEnrol && (
    <Button kind="primary" onClick={() => setAdding(true)}>
      <Plus aria-hidden /> {t('add')}
    </Button>
  );
  return (
    <Page name={t('title')} title={t('title')} actions={
        <>
          <Button asChild>
            <Link href="/agents/updates">
              <PackagePlus aria-hidden /> {t('updates')}
            </Link>
          </Button>
          {rows.length > 0 && add}
        </>
      }>
      {rows.map((agent) => (
        <QuarantineBanner key={agent.id} agent={agent} named />
      ))}
      <Card flush>
        {isPending ? (
          <SkeletonRows />
        ) : error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : rows.length === 0 ? (
          <Empty icon={Bot} title={t('none')} text={t('noneText')}>
            {add}
          </Empty>
        ) : (
          <Table
            label={t('title')}
            rows={rows}
            rowKey={(agent) => agent.id}
            columns={[
              {
                id: 'name',
                header: t('name'),
                cell: (agent) => (
                  <div className="min-w-0">
                    <Link href={`/agents/${agent.id}`} className="font-medium hover:text-accent hover:underline">
                      {agent.name}
                    </Link>
                    <p className="truncate text-xs text-soft">{agent.machineName}</p>
                  </div>
                ),
              },
              { id: 'status', header: t('status'), cell: (agent) => <AgentStatus agent={agent} /> },
              { id: 'environment', header: t('environment'), className: 'hidden text-soft md:table-cell', cell: (agent) => environmentName(agent.environmentId) },
              { id: 'slots', header: t('slots'), className: 'hidden tabular-nums text-soft md:table-cell', cell: (agent) => agent.slots || '–' },
              { id: 'system', header: t('system'), className: 'hidden text-soft lg:table-cell', cell: ({ facts }) => (facts.os ? `${facts.os} ${facts.arch}` : '–') },
              {
                id: 'labels',
                header: t('labels'),
                className: 'hidden xl:table-cell',
                cell: (agent) => (
                  <span className="flex flex-wrap gap-1">
                    {agent.labels.map((label) => (
                      <Badge key={label}>{label}</Badge>
                    ))}
                  </span>
                ),
              },
              { id: 'heard', header: t('heard'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (agent) => <Ago at={agent.lastHeartbeat} /> },
            ]}
          />
        )}
      </Card>
      {adding && <EnrolDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}
