'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus, Webhook } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Trigger } from '@/api/types';
import { Page } from '@/components/page';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { CopyButton } from '@/components/ui/copy-button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { Switch } from '@/components/ui/switch';
import { api, got } from '@/lib/api';
import { useEnvironment } from '@/lib/environment';
import { all, useMay, useMayIn, useNames, usePackages, useQueues } from '@/lib/lists';
import { Link } from '@/lib/nav';
import { keys, reason } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';
import { toast } from '@/lib/toast';
import '@/messages/triggers';
import { RowActions } from './row-actions';

const TriggerEditor = dynamic(() => import('./editor').then((module) => module.TriggerEditor), { ssr: false });

/** What runs packages when something happens. */
export function Triggers() {
  const t = useTranslations('triggers');
  const client = useQueryClient();
  const environment = useEnvironment();
  const packageName = useNames(usePackages().data);
  const mayWrite = useMay('WriteTriggers');
  const mayWriteIn = useMayIn('WriteTriggers');
  const { data, error, isPending, refetch } = useQuery({
    queryKey: keys.triggers,
    queryFn: () => all((cursor) => got(api.GET('/api/triggers', { params: { query: { cursor, limit: 200 } } }))),
  });
  useRefresh('triggers', keys.triggers);
  const turn = useMutation({
    mutationFn: ({ trigger, isActive }: { trigger: Trigger; isActive: boolean }) => {
      const { id, environmentId, inputs, mapping, name, packageId, revision, source } = trigger;
      return got(api.PUT('/api/triggers/{id}', { params: { path: { id } }, body: { environmentId, inputs, mapping, name, packageId, revision, source, isActive } }));
    },
    onMutate: ({ trigger, isActive }) => {
      client.setQueryData<Trigger[]>(keys.triggers, (list) => list?.map((one) => (one.id === trigger.id ? { ...one, isActive } : one)));
    },
    onError: (failure) => toast.error(reason(failure)),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.triggers }),
  });
  const rows = data?.filter((one) => !environment || one.environmentId === environment) ?? [];
  const [adding, setAdding] = useState(false);
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
          <Empty icon={Webhook} title={t('none')} text={t('noneText')}>
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
                  <Switch aria-label={t('onOf', { name: one.name })} checked={one.isActive} disabled={!mayWriteIn(one.environmentId)} onCheckedChange={(isActive) => turn.mutate({ trigger: one, isActive })} />
                ),
              },
              { id: 'name', header: t('name'), className: 'font-medium', cell: (one) => one.name },
              {
                id: 'package',
                header: t('package'),
                className: 'hidden sm:table-cell',
                cell: (one) => (
                  <Link href={`/packages/${one.packageId}`} className="hover:text-accent hover:underline">
                    {packageName(one.packageId)}
                  </Link>
                ),
              },
              {
                id: 'source',
                header: t('source'),
                className: 'hidden md:table-cell',
                cell: (one) =>
                  one.hookPath ? (
                    <span className="flex items-center gap-1">
                      {t('webhook')} <code className="max-w-56 truncate font-mono text-xs text-soft">{one.hookPath}</code>
                      <CopyButton text={`${window.location.origin}${one.hookPath}`} />
                    </span>
                  ) : (
                    <Source source={one.source} />
                  ),
              },
              { id: 'updated', header: t('updated'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (one) => <Ago at={one.updatedAt} /> },
              { id: 'actions', header: <span className="sr-only">{t('actions')}</span>, className: 'w-0 text-right', cell: (one) => <RowActions trigger={one} mayWrite={mayWriteIn(one.environmentId)} /> },
            ]}
          />
        )}
      </Card>
      {adding && <TriggerEditor onClose={() => setAdding(false)} />}
    </Page>
  );
}

/** What a trigger waits for, in words. */
function Source({ source }: { source: Trigger['source'] }) {
  const t = useTranslations('triggers.of');
  const packageName = useNames(usePackages().data);
  const queueName = useNames(useQueues().data);
  switch (source.kind) {
    case 'webhook':
      return t('webhook');
    case 'executionFinished':
      return t('executionFinished', { name: packageName(source.packageId), on: t(`ends.${source.on ?? 'success'}`) });
    case 'workQueue':
      return t('workQueue', { name: queueName(source.queueId), count: source.minItems ?? 1 });
    case 'fileArrival':
      return <span className="block max-w-72 truncate">{t('fileArrival', { pattern: source.pattern ?? '*', folder: source.folder })}</span>;
  }
}
