'use client';

import { useQuery } from '@tanstack/react-query';
import { FolderOpen, Plus } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Page } from '@/components/page';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
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
import { bytes } from '@/lib/time';
import '@/messages/buckets';

const BucketDialog = dynamic(() => import('./bucket-dialog').then((module) => module.BucketDialog), { ssr: false });

/** Places for files that people and automations share. */
export function Buckets() {
  const t = useTranslations('buckets');
  const environment = useEnvironment();
  const environmentName = useNames(useEnvironments().data);
  const [adding, setAdding] = useState(false);
  const mayManage = useMay('ManageBuckets');
  const { data, error, isPending, refetch } = useQuery({
    queryKey: [...keys.buckets, 'list', environment],
    queryFn: () => all((cursor) => got(api.GET('/api/buckets', { params: { query: { cursor, limit: 200, ...(environment ? { environmentId: environment } : {}) } } }))),
  });
  const add = mayManage && (
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
          <Empty icon={FolderOpen} title={t('none')} text={t('noneText')}>
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
                  <div className="min-w-0">
                    <Link href={`/buckets/${one.id}`} className="font-medium hover:text-accent hover:underline">
                      {one.name}
                    </Link>
                    {one.description && <p className="max-w-md truncate text-xs text-soft">{one.description}</p>}
                  </div>
                ),
              },
              { id: 'objects', header: t('objects'), className: 'whitespace-nowrap tabular-nums', cell: (one) => one.objectCount.toLocaleString('en') },
              { id: 'used', header: t('used'), className: 'hidden whitespace-nowrap tabular-nums sm:table-cell', cell: (one) => t('of', { used: bytes(one.usedBytes), most: bytes(one.maxBytes) }) },
              { id: 'environment', header: t('environment'), className: 'hidden text-soft md:table-cell', cell: (one) => environmentName(one.environmentId) },
              { id: 'created', header: t('created'), className: 'hidden whitespace-nowrap text-soft lg:table-cell', cell: (one) => <Ago at={one.createdAt} /> },
            ]}
          />
        )}
      </Card>
      {adding && <BucketDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}
