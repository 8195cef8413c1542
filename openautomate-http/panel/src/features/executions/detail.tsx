'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Ban, RotateCcw } from 'lucide-react';
import dynamic from 'next/dynamic';
import { parseAsStringLiteral, useQueryState } from 'nuqs';
import { useEffect, useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Execution } from '@/api/types';
import { Json } from '@/components/json';
import { Page } from '@/components/page';
import { StateBadge, isEnded } from '@/components/state-badge';
import { Ago } from '@/components/ui/ago';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Confirm } from '@/components/ui/confirm';
import { CopyButton } from '@/components/ui/copy-button';
import { Facts } from '@/components/ui/facts';
import { Failure } from '@/components/ui/failure';
import { Skeleton } from '@/components/ui/skeleton';
import { Tabs } from '@/components/ui/tabs';
import { api, got } from '@/lib/api';
import { useAgents, useEnvironments, useMay, useNames, useSchedules } from '@/lib/lists';
import { useChanges } from '@/lib/live';
import { Link, usePathId } from '@/lib/nav';
import { keys, reason } from '@/lib/query';
import { short } from '@/lib/short';
import { duration } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/execution';
import '@/messages/origins';
import { Attempts } from './attempts';
import { patchedOne } from './list';
import { Running } from './running';
import { Waiting } from './waiting';

const LogView = dynamic(() => import('../log/log-view').then((module) => module.LogView), { ssr: false, loading: () => <Skeleton className="h-96" /> });
const Artifacts = dynamic(() => import('./artifacts').then((module) => module.Artifacts), { ssr: false });

const RunDialog = dynamic(() => import('../run/run-dialog').then((module) => module.RunDialog), { ssr: false });

const TABS = ['log', 'data', 'artifacts', 'attempts'] as const;

function useExecution(id: string) {
  const client = useQueryClient();
  useChanges('executions', (changes, missed) => {
    const change = changes.find((one) => one.id === id);
    if (!change && !missed) return;
    client.setQueryData<Execution>(keys.execution(id), (known) => known && patchedOne(known, change));
    // Progress alone is no reason to read again.
    if (!missed && change?.progress && !change.state) return;
    const again = () => client.invalidateQueries({ queryKey: keys.execution(id) });
    // A first read that is under way is not begun anew, and may bring what was before the change.
    const isFirst = client.getQueryData(keys.execution(id)) === undefined;
    void again().then(() => (isFirst ? again() : undefined));
  });
  return useQuery({
    queryKey: keys.execution(id),
    queryFn: () => got(api.GET('/api/executions/{id}', { params: { path: { id } } })),
    enabled: id !== '',
  });
}

export function ExecutionDetail() {
  const t = useTranslations('execution');
  const id = usePathId();
  const { data: execution, error, refetch } = useExecution(id);
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!execution) {
    return (
      <div className="grid gap-5" aria-busy>
        <Skeleton className="h-8 w-64" />
        <Skeleton className="h-28" />
        <Skeleton className="h-96" />
      </div>
    );
  }
  return (
    <Page
      name={execution.packageName}
      parent={{ path: '/executions', name: t('all') }}
      title={execution.packageName}
      aside={<StateBadge state={execution.state} />}
      actions={<Actions execution={execution} />}
    >
      <Overview execution={execution} />
      <Waiting execution={execution} />
      <Trouble execution={execution} />
      <Parts key={execution.id} execution={execution} />
    </Page>
  );
}

function Actions({ execution }: { execution: Execution }) {
  const t = useTranslations('execution');
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [again, setAgain] = useState(false);
  const mayCancel = useMay('CancelExecutions', execution.environmentId);
  const mayRun = useMay('RunExecutions', execution.environmentId);
  const isOver = isEnded(execution.state);
  const cancel = useMutation({
    mutationFn: () => got(api.POST('/api/executions/{id}/cancel', { params: { path: { id: execution.id } } })),
    onMutate: () => {
      const before = client.getQueryData<Execution>(keys.execution(execution.id));
      client.setQueryData<Execution>(keys.execution(execution.id), (known) => known && { ...known, cancelRequestedAt: new Date().toISOString() });
      return { before };
    },
    onError: (error, _, context) => {
      client.setQueryData(keys.execution(execution.id), context?.before);
      toast.error(reason(error));
    },
    onSuccess: () => toast.success(t('cancelAsked')),
    onSettled: () => {
      setAsking(false);
      void client.invalidateQueries({ queryKey: keys.execution(execution.id) });
    },
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== 'r' || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      if (!document.querySelector('[role="dialog"]') && mayRun) setAgain(true);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [mayRun]);
  return (
    <>
      {!isOver && mayCancel && (
        <Button kind="danger" disabled={Boolean(execution.cancelRequestedAt)} onClick={() => setAsking(true)}>
          <Ban aria-hidden /> {execution.cancelRequestedAt ? t('cancelling') : t('cancel')}
        </Button>
      )}
      {mayRun && (
        <Button kind={isOver ? 'primary' : 'plain'} onClick={() => setAgain(true)}>
          <RotateCcw aria-hidden /> {t('runAgain')}
        </Button>
      )}
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={t('cancelTitle')}
        text={t('cancelText')}
        action={t('cancel')}
        busy={cancel.isPending}
        onConfirm={() => cancel.mutate()}
      />
      {again && (
        <RunDialog
          packageId={execution.packageId}
          versionId={execution.versionId}
          environmentId={execution.environmentId}
          inputs={execution.inputs as Record<string, unknown>}
          onClose={() => setAgain(false)}
        />
      )}
    </>
  );
}

function Overview({ execution }: { execution: Execution }) {
  const t = useTranslations('execution');
  const origins = useTranslations('origins');
  const agentName = useNames(useAgents().data);
  const environmentName = useNames(useEnvironments().data);
  const scheduleName = useNames(useSchedules().data);
  const { origin, startTime, endTime, progress } = execution;
  return (
    <Card>
      <Facts
        items={[
          [
            t('package'),
            <Link key="package" href={`/packages/${execution.packageId}`} className="hover:text-accent hover:underline">
              {execution.packageName} {execution.versionNumber}
            </Link>,
          ],
          [t('environment'), environmentName(execution.environmentId)],
          [
            t('agent'),
            execution.botAgentId ? (
              <Link key="agent" href={`/agents/${execution.botAgentId}`} className="hover:text-accent hover:underline">
                {agentName(execution.botAgentId)}
              </Link>
            ) : (
              '–'
            ),
          ],
          [
            t('startedBy'),
            origin.scheduleId ? (
              <Link key="schedule" href={`/schedules/${origin.scheduleId}`} className="hover:text-accent hover:underline">
                {scheduleName(origin.scheduleId)}
              </Link>
            ) : origin.of ? (
              <Link key="of" href={`/executions/${origin.of}`} className="hover:text-accent hover:underline">
                {origins('retry')}
              </Link>
            ) : (
              origins(origin.kind as 'manual')
            ),
          ],
          [t('created'), <Ago key="created" at={execution.createdAt} />],
          [
            t('duration'),
            startTime ? endTime ? duration(Date.parse(endTime) - Date.parse(startTime)) : <Running key="running" since={startTime} /> : '–',
          ],
          [
            t('id'),
            <span key="id" className="flex h-5 items-center gap-1">
              <code className="font-mono text-xs">{short(execution.id)}</code>
              <CopyButton text={execution.id} />
            </span>,
          ],
        ]}
      />
      {progress && execution.state === 'Running' && (
        <div className="mt-4 grid gap-1.5">
          <div className="flex justify-between text-xs text-soft">
            <span>{progress.message}</span>
            <span className="tabular-nums">{Math.round(progress.fraction * 100)} %</span>
          </div>
          <div
            className="h-1.5 overflow-hidden rounded-full bg-muted"
            role="progressbar"
            aria-label={t('progress')}
            aria-valuenow={Math.round(progress.fraction * 100)}
            aria-valuemin={0}
            aria-valuemax={100}
          >
            <div className="h-full bg-info transition-[width]" style={{ width: `${progress.fraction * 100}%` }} />
          </div>
        </div>
      )}
    </Card>
  );
}

/** Why it failed, with the place in the automation. */
function Trouble({ execution }: { execution: Execution }) {
  const t = useTranslations('execution');
  const { error } = execution;
  if (!error || execution.state === 'Succeeded') return null;
  return (
    <section role="alert" className="rounded-lg border border-bad/35 bg-bad-soft p-4">
      <h2 className="font-semibold text-bad">{error.kind}</h2>
      <p className="mt-1 break-words whitespace-pre-wrap">{error.message}</p>
      {error.traceback && (
        <details className="mt-2">
          <summary className="cursor-pointer text-soft hover:text-text">{t('traceback')}</summary>
          <pre tabIndex={0} className="mt-2 max-h-72 overflow-auto rounded-md bg-surface p-3 font-mono text-xs">
            {error.traceback}
          </pre>
        </details>
      )}
    </section>
  );
}

function Parts({ execution }: { execution: Execution }) {
  const t = useTranslations('execution');
  const [tab, setTab] = useQueryState('tab', parseAsStringLiteral(TABS).withDefault('log'));
  return (
    <Tabs
      value={tab}
      onChange={(value) => void setTab(value as (typeof TABS)[number])}
      tabs={[
        { id: 'log', label: t('log'), content: <LogView executionId={execution.id} name={`${execution.packageName} ${short(execution.id)}`} /> },
        {
          id: 'data',
          label: t('data'),
          content: (
            <div className="grid gap-4 lg:grid-cols-2">
              <Card title={t('inputs')}>
                <Json value={execution.inputs} empty={t('noInputs')} />
              </Card>
              <Card title={t('outputs')}>
                <Json value={execution.outputs} empty={isEnded(execution.state) ? t('noOutputs') : t('outputsLater')} />
              </Card>
            </div>
          ),
        },
        { id: 'artifacts', label: t('artifacts'), count: execution.artifactCount, content: <Artifacts executionId={execution.id} count={execution.artifactCount} /> },
        { id: 'attempts', label: t('attempts'), count: execution.attempts.length, content: <Attempts attempts={execution.attempts} /> },
      ]}
    />
  );
}
