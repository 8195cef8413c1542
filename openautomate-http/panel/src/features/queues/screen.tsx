'use client';

import { useQuery } from '@tanstack/react-query';
import { ListChecks, Plus } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Page } from '@/components/page';
import { Table } from '@/components/table';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { useEnvironment } from '@/lib/environment';
import { all, useEnvironments, useMay, useNames } from '@/lib/lists';
import { Link } from '@/lib/nav';
import { keys } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';
import '@/messages/queues';

const QueueDialog = dynamic(() => import('./queue-dialog').then((module) => module.QueueDialog), { ssr: false });

/** Work that waits to be taken by automations. */
export function Queues() {
  const t = useTranslations('queues');
  const environment = useEnvironment();
  const environmentName = useNames(useEnvironments().data);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: [...keys.queues, environment],
    queryFn: () =>
      all((cursor) => got(api.GET('/api/queues', { params: { query: { cursor, limit: 200, ...(environment ? { environmentId: environment } : {}) } } }))),
  });
  useRefresh('queues', keys.queues);
  const [adding, setAdding] = useState(false);
  const add = useMay('WriteQueues') && (
    <Button kind="primary" onClick={() => setAdding(true)}>
      <Plus aria-hidden /> {t('add')}
    </Button>
  );
  return (
    <Page name={t('title')} title={t('title')} actions={data?.length ? add : undefined}>
      <Card flush>
        {isPending ? (
          <SkeletonRows />
        ) : error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : data.length === 0 ? (
          <Empty icon={ListChecks} title={t('none')} text={t('noneText')}>
            {add}
          </Empty>
        ) : (
          <Table
            label={t('title')}
            rows={data}
            rowKey={(one) => one.id}
            columns={[
              {
                id: 'name',
                header: t('name'),
                cell: (one) => (
                  <div>
                    <Link href={`/queues/${one.id}`} className="font-medium hover:text-accent hover:underline">
                      {one.name}
                    </Link>
                    {one.description && <p className="max-w-md truncate text-xs text-soft">{one.description}</p>}
                  </div>
                ),
              },
              { id: 'counts', header: t('items'), cell: (one) => <Counts id={one.id} /> },
              { id: 'environment', header: t('environment'), className: 'hidden text-soft md:table-cell', cell: (one) => environmentName(one.environmentId) },
            ]}
          />
        )}
      </Card>
      {adding && <QueueDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}

/** How many wait, and how many went wrong lately. */
export function Counts({ id }: { id: string }) {
  const t = useTranslations('queues');
  const { data } = useQuery({
    queryKey: [...keys.queues, 'statistics', id],
    queryFn: () => got(api.GET('/api/queues/{id}/statistics', { params: { path: { id }, query: { minutes: 60 } } })),
  });
  if (!data) return <span className="text-soft">…</span>;
  return (
    <span className="tabular-nums">
      {t('available', { count: data.available })}
      <span className="text-soft"> · {t('done', { count: data.succeeded })}</span>
      {data.failed > 0 && <span className="text-bad"> · {t('failed', { count: data.failed })}</span>}
    </span>
  );
}
