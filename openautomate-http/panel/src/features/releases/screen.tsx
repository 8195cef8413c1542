'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CircleStop, PackagePlus, Plus, Rocket, Trash2 } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { AgentRelease, AgentRollout } from '@/api/types';
import { Page } from '@/components/page';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Confirm } from '@/components/ui/confirm';
import { CopyButton } from '@/components/ui/copy-button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { useMay } from '@/lib/lists';
import { keys, reason } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';
import { bytes } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/agents';
import '@/messages/updates';
import { useReleases, useRollouts } from './lists';
import { RolloutProgress, useTargetWords } from './progress';
import { Running } from './running';
import { programsOf } from './signed';
import { RolloutBadge } from './states';

const UploadDialog = dynamic(() => import('./upload-dialog').then((module) => module.UploadDialog), { ssr: false });
const StartDialog = dynamic(() => import('./start-dialog').then((module) => module.StartDialog), { ssr: false });
const RolloutDialog = dynamic(() => import('./rollout-dialog').then((module) => module.RolloutDialog), { ssr: false });

/** Releases of the agent program, their way to agents, and what each agent runs. */
export function AgentUpdates() {
  const t = useTranslations('updates');
  const parent = useTranslations('agents');
  const releases = useReleases();
  const rollouts = useRollouts();
  const [adding, setAdding] = useState(false);
  const mayManage = useMay('ManageReleases') ?? false;
  useRefresh('agents', keys.agents);
  const running = rollouts.data?.find((one) => one.state === 'running');
  const versionOf = (rollout: AgentRollout) => releases.data?.find((one) => one.id === rollout.releaseId)?.version ?? t('deletedRelease');
  const past = rollouts.data?.filter((one) => one !== running) ?? [];
  const add = mayManage && (
    <Button kind="primary" onClick={() => setAdding(true)}>
      <Plus aria-hidden /> {t('add')}
    </Button>
  );
  return (
    <Page name={t('title')} title={t('title')} parent={{ path: '/agents', name: parent('title') }} actions={releases.data?.length ? add : undefined}>
      {running && (
        <Card title={t('rolloutOf', { version: versionOf(running) })} flush actions={mayManage && <Stop rollout={running} />}>
          <RolloutProgress rollout={running} />
        </Card>
      )}
      <Card title={t('releases')} flush>
        {releases.isPending ? (
          <SkeletonRows count={3} />
        ) : releases.error ? (
          <Failure error={releases.error} onRetry={() => void releases.refetch()} />
        ) : releases.data.length === 0 ? (
          <Empty icon={PackagePlus} title={t('none')} text={t('noneText')}>
            {add}
          </Empty>
        ) : (
          <Releases releases={releases.data} mayManage={mayManage} isBusy={running !== undefined} />
        )}
      </Card>
      <Card title={t('running')} flush>
        <Running rollout={running} />
      </Card>
      {past.length > 0 && (
        <Card title={t('past')} flush>
          <Past rollouts={past} versionOf={versionOf} />
        </Card>
      )}
      {adding && <UploadDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}

/** Stops a rollout that is under way, once it is confirmed. */
function Stop({ rollout }: { rollout: AgentRollout }) {
  const t = useTranslations('updates');
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const cancel = useMutation({
    mutationFn: () => got(api.POST('/api/agent-rollouts/{id}/cancel', { params: { path: { id: rollout.id } } })),
    onSuccess: () => toast.success(t('stopped')),
    onError: (error) => toast.error(reason(error)),
    onSettled: () => {
      setAsking(false);
      void client.invalidateQueries({ queryKey: keys.rollouts });
    },
  });
  return (
    <>
      <Button size="sm" kind="danger" onClick={() => setAsking(true)}>
        <CircleStop aria-hidden /> {t('stop')}
      </Button>
      <Confirm open={asking} onOpenChange={setAsking} title={t('stopTitle')} text={t('stopText')} action={t('stop')} busy={cancel.isPending} onConfirm={() => cancel.mutate()} />
    </>
  );
}

function Releases({ releases, mayManage, isBusy }: { releases: AgentRelease[]; mayManage: boolean; isBusy: boolean }) {
  const t = useTranslations('updates');
  const client = useQueryClient();
  const [started, setStarted] = useState<AgentRelease>();
  const [doomed, setDoomed] = useState<AgentRelease>();
  const remove = useMutation({
    mutationFn: (id: string) => got(api.DELETE('/api/agent-releases/{id}', { params: { path: { id } } })),
    onSuccess: () => toast.success(t('deleted')),
    onError: (error) => toast.error(reason(error)),
    onSettled: () => {
      setDoomed(undefined);
      void client.invalidateQueries({ queryKey: keys.releases });
    },
  });
  return (
    <>
      <Table
        label={t('releases')}
        rows={releases}
        rowKey={(one) => one.id}
        columns={[
          { id: 'version', header: t('version'), className: 'font-medium tabular-nums', cell: (one) => one.version },
          {
            id: 'targets',
            header: t('targets'),
            className: 'hidden sm:table-cell',
            cell: (one) => (
              <ul>
                {programsOf(one.manifest).map(({ target, size }) => (
                  <li key={target} className="text-xs break-all">
                    <code className="font-mono">{target}</code> <span className="whitespace-nowrap text-soft tabular-nums">{bytes(size)}</span>
                  </li>
                ))}
              </ul>
            ),
          },
          {
            id: 'key',
            header: t('key'),
            className: 'hidden lg:table-cell',
            cell: (one) => (
              <span className="flex items-center gap-1">
                <code className="font-mono text-xs text-soft">{one.signature.key.slice(0, 12)}</code>
                <CopyButton text={one.signature.key} />
              </span>
            ),
          },
          { id: 'created', header: t('uploaded'), className: 'hidden whitespace-nowrap text-soft md:table-cell', cell: (one) => <Ago at={one.createdAt} /> },
          {
            id: 'actions',
            header: <span className="sr-only">{t('actions')}</span>,
            className: 'w-0',
            cell: (one) =>
              mayManage && (
                <span className="flex justify-end gap-1">
                  <Button size="sm" disabled={isBusy} title={isBusy ? t('oneAtOnce') : undefined} aria-label={t('rollOutOf', { version: one.version })} onClick={() => setStarted(one)}>
                    <Rocket aria-hidden /> {t('rollOut')}
                  </Button>
                  <Button kind="ghost" size="iconSm" aria-label={t('delete', { version: one.version })} onClick={() => setDoomed(one)}>
                    <Trash2 aria-hidden />
                  </Button>
                </span>
              ),
          },
        ]}
      />
      {started && <StartDialog release={started} onClose={() => setStarted(undefined)} />}
      <Confirm
        open={doomed !== undefined}
        onOpenChange={() => setDoomed(undefined)}
        title={t('deleteTitle', { version: doomed?.version ?? '' })}
        text={t('deleteText')}
        action={t('deleteIt')}
        busy={remove.isPending}
        onConfirm={() => doomed && remove.mutate(doomed.id)}
      />
    </>
  );
}

function Past({ rollouts, versionOf }: { rollouts: AgentRollout[]; versionOf: (rollout: AgentRollout) => string }) {
  const t = useTranslations('updates');
  const words = useTargetWords();
  const [shown, setShown] = useState<AgentRollout>();
  return (
    <>
      <Table
        label={t('past')}
        rows={rollouts}
        rowKey={(one) => one.id}
        columns={[
          {
            id: 'version',
            header: t('version'),
            cell: (one) => (
              <button type="button" className="font-medium tabular-nums hover:text-accent hover:underline" onClick={() => setShown(one)}>
                {versionOf(one)}
              </button>
            ),
          },
          { id: 'state', header: t('state'), cell: (one) => <RolloutBadge state={one.state} /> },
          { id: 'target', header: t('target'), className: 'hidden sm:table-cell', cell: (one) => words(one.target) },
          { id: 'why', header: t('why'), className: 'hidden max-w-md lg:table-cell', cell: (one) => <p className="line-clamp-2 text-soft first-letter:uppercase">{one.reason ?? '–'}</p> },
          { id: 'begun', header: t('begun'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (one) => <Ago at={one.createdAt} /> },
        ]}
      />
      {shown && <RolloutDialog rollout={shown} version={versionOf(shown)} onClose={() => setShown(undefined)} />}
    </>
  );
}
