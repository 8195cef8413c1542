'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleOff, Ellipsis, PauseCircle, PlayCircle, Tags, Trash2 } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useMemo, useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import type { Agent } from '@/api/types';
import { Chart } from '@/components/chart';
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
import { api, got } from '@/lib/api';
import { useEnvironments, useMay, useNames, usePools } from '@/lib/lists';
import { Link, useGo, usePathId } from '@/lib/nav';
import { keys, reason } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';
import { bytes } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/agent';
import { RecentExecutions } from '../executions/recent';
import { QuarantineBanner } from './quarantine';
import { AgentStatus } from './status';

const EditDialog = dynamic(() => import('./edit').then((module) => module.EditDialog), { ssr: false });
const DrainDialog = dynamic(() => import('./drain').then((module) => module.DrainDialog), { ssr: false });

const percent = (value: number) => `${Math.round(value)} %`;
const size = (value: number) => bytes(value);

export function AgentDetail() {
  const t = useTranslations('agent');
  const id = usePathId();
  const { data: agent, error, refetch } = useQuery({
    queryKey: keys.agent(id),
    queryFn: () => got(api.GET('/api/agents/{id}', { params: { path: { id } } })),
    enabled: id !== '',
    refetchInterval: 15_000,
  });
  useRefresh('agents', keys.agents);
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!agent) {
    return (
      <div className="grid gap-5" aria-busy>
        <Skeleton className="h-8 w-64" />
        <Skeleton className="h-56" />
      </div>
    );
  }
  return (
    <Page name={agent.name} title={agent.name} parent={{ path: '/agents', name: t('all') }} aside={<AgentStatus agent={agent} />} actions={<Actions agent={agent} />}>
      <QuarantineBanner agent={agent} />
      <Overview agent={agent} />
      <Usage agent={agent} />
      <Card
        title={t('executions')}
        flush
        actions={
          <Button asChild kind="ghost" size="sm">
            <Link href={`/executions?agent=${id}`}>{t('allExecutions')}</Link>
          </Button>
        }
      >
        <RecentExecutions filter={{ agentId: id }} empty={t('noExecutions')} />
      </Card>
    </Page>
  );
}

function Actions({ agent }: { agent: Agent }) {
  const t = useTranslations('agent');
  const client = useQueryClient();
  const go = useGo();
  const [asking, setAsking] = useState(false);
  const [shown, setShown] = useState<'edit' | 'drain'>();
  const mayManage = useMay('ManageAgents', agent.environmentId);
  const mayDelete = useMay('EnrolAgents', agent.environmentId);
  const update = useMutation({
    mutationFn: (status: Agent['status']) =>
      got(api.PUT('/api/agents/{id}', { params: { path: { id: agent.id } }, body: { status, revision: agent.revision } })),
    onMutate: (status) => {
      client.setQueryData<Agent>(keys.agent(agent.id), (known) => known && { ...known, status });
    },
    onError: (error) => toast.error(reason(error)),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.agents }),
  });
  const remove = useMutation({
    mutationFn: () => got(api.DELETE('/api/agents/{id}', { params: { path: { id: agent.id } } })),
    onSuccess: () => {
      toast.success(t('deleted', { name: agent.name }));
      go('/agents', { replace: true });
    },
    onError: (error) => toast.error(reason(error)),
    onSettled: () => setAsking(false),
  });
  if (!mayManage && !mayDelete) return null;
  return (
    <>
      {mayManage &&
        (agent.status === 'Active' ? (
          <Button onClick={() => setShown('drain')}>
            <PauseCircle aria-hidden /> {t('drain')}
          </Button>
        ) : (
          <Button kind="primary" busy={update.isPending} onClick={() => update.mutate('Active')}>
            <PlayCircle aria-hidden /> {t('resume')}
          </Button>
        ))}
      <Menu
        trigger={
          <Button size="icon" aria-label={t('more')}>
            <Ellipsis aria-hidden />
          </Button>
        }
      >
        {mayManage && (
          <MenuItem onSelect={() => setShown('edit')}>
            <Tags aria-hidden /> {t('edit')}
          </MenuItem>
        )}
        {mayManage && agent.status !== 'Disabled' && (
          <MenuItem onSelect={() => update.mutate('Disabled')}>
            <CircleOff aria-hidden /> {t('disable')}
          </MenuItem>
        )}
        {mayDelete && (
          <MenuItem danger onSelect={() => setAsking(true)}>
            <Trash2 aria-hidden /> {t('delete')}
          </MenuItem>
        )}
      </Menu>
      {shown === 'edit' && <EditDialog agent={agent} onClose={() => setShown(undefined)} />}
      {shown === 'drain' && <DrainDialog agent={agent} onClose={() => setShown(undefined)} />}
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={t('deleteTitle', { name: agent.name })}
        text={t('deleteText')}
        action={t('delete')}
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
      />
    </>
  );
}

function Overview({ agent }: { agent: Agent }) {
  const t = useTranslations('agent');
  const environmentName = useNames(useEnvironments().data);
  const poolName = useNames(usePools().data);
  const { facts } = agent;
  return (
    <Card>
      <Facts
        items={[
          [t('environment'), environmentName(agent.environmentId)],
          [t('machine'), agent.machineName],
          [t('address'), agent.ipAddress ?? '–'],
          [t('heard'), <Ago key="heard" at={agent.lastHeartbeat} />],
          [t('slots'), agent.slots || '–'],
          [t('version'), facts.agentVersion || '–'],
          [t('system'), facts.os ? `${facts.os} ${facts.arch}` : '–'],
          [t('processors'), facts.cpus || '–'],
          [t('memory'), facts.memoryBytes ? bytes(facts.memoryBytes) : '–'],
          [t('python'), facts.pythonVersions.join(', ') || '–'],
          [t('pools'), agent.poolIds.map((id) => poolName(id)).join(', ') || '–'],
          ...(agent.drainUntil ? [[t('drainUntil'), <Ago key="until" at={agent.drainUntil} />] as [string, ReactNode]] : []),
          [
            t('labels'),
            agent.labels.length > 0 ? (
              <span key="labels" className="flex flex-wrap gap-1">
                {agent.labels.map((label) => (
                  <Badge key={label}>{label}</Badge>
                ))}
              </span>
            ) : (
              '–'
            ),
          ],
        ]}
      />
    </Card>
  );
}

/** How busy the machine was. */
function Usage({ agent }: { agent: Agent }) {
  const t = useTranslations('agent');
  const { data } = useQuery({
    queryKey: [...keys.agent(agent.id), 'usage'],
    queryFn: async () => (await got(api.GET('/api/agents/{id}/usage', { params: { path: { id: agent.id } } }))).items,
    refetchInterval: 30_000,
  });
  const charts = useMemo(() => {
    const labels = data?.map(({ at }) => new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })) ?? [];
    return {
      labels,
      cpu: [{ name: t('cpu'), colour: 'accent', values: data?.map(({ cpu }) => Math.round(cpu * 100)) ?? [] }],
      memory: [{ name: t('memoryUsed'), colour: 'good', values: data?.map(({ memoryUsedBytes }) => memoryUsedBytes) ?? [] }],
    };
  }, [data, t]);
  if (!data || data.length < 2) return null;
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <Card>
        <Chart kind="line" label={t('cpu')} labels={charts.labels} series={charts.cpu} max={100} format={percent} />
      </Card>
      <Card>
        <Chart kind="line" label={t('memoryUsed')} labels={charts.labels} series={charts.memory} {...(agent.facts.memoryBytes ? { max: agent.facts.memoryBytes } : {})} format={size} />
      </Card>
    </div>
  );
}
