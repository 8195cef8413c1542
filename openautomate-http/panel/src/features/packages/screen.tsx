'use client';

import { Package as PackageIcon, Plus, Search } from 'lucide-react';
import dynamic from 'next/dynamic';
import { parseAsString, useQueryState } from 'nuqs';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Page } from '@/components/page';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Input } from '@/components/ui/field';
import { SkeletonRows } from '@/components/ui/skeleton';
import { useMay, usePackages } from '@/lib/lists';
import { Link } from '@/lib/nav';
import { keys } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';
import '@/messages/packages';
import { RunButton } from '../run/run-button';

const UploadDialog = dynamic(() => import('./upload').then((module) => module.UploadDialog), { ssr: false });

export function Packages() {
  const t = useTranslations('packages');
  const { data, error, isPending, refetch } = usePackages();
  const [text, setText] = useQueryState('q', parseAsString.withDefault('').withOptions({ history: 'replace' }));
  const [adding, setAdding] = useState(false);
  const mayWrite = useMay('WritePackages');
  const mayRun = useMay('RunExecutions');
  useRefresh('packages', keys.packages);
  const wanted = text.trim().toLowerCase();
  const rows = data?.filter((one) => !wanted || `${one.name} ${one.description}`.toLowerCase().includes(wanted)) ?? [];
  const add = mayWrite && (
    <Button kind="primary" onClick={() => setAdding(true)}>
      <Plus aria-hidden /> {t('add')}
    </Button>
  );
  return (
    <Page name={t('title')} title={t('title')} actions={data?.length ? add : undefined}>
      {Boolean(data?.length) && (
        <div className="relative max-w-sm">
          <Search className="pointer-events-none absolute top-2.5 left-2.5 size-4 text-soft" aria-hidden />
          <Input data-search type="search" aria-label={t('search')} placeholder={t('search')} className="pl-8" value={text} onChange={(event) => void setText(event.target.value || null)} />
        </div>
      )}
      <Card flush>
        {isPending ? (
          <SkeletonRows />
        ) : error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : data.length === 0 ? (
          <Empty icon={PackageIcon} title={t('none')} text={t('noneText')}>
            {add}
          </Empty>
        ) : rows.length === 0 ? (
          <Empty icon={Search} title={t('noneMatch')} />
        ) : (
          <Table
            label={t('title')}
            rows={rows}
            rowKey={(one) => one.id}
            columns={[
              {
                id: 'name',
                header: t('name'),
                cell: (one) => (
                  <div className="min-w-0">
                    <Link href={`/packages/${one.id}`} className="font-medium hover:text-accent hover:underline">
                      {one.name}
                    </Link>
                    {one.description && <p className="max-w-xl truncate text-xs text-soft">{one.description}</p>}
                  </div>
                ),
              },
              { id: 'updated', header: t('updated'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (one) => <Ago at={one.updatedAt} /> },
              {
                id: 'run',
                header: <span className="sr-only">{t('actions')}</span>,
                className: 'w-0 text-right',
                cell: (one) => mayRun && <RunButton packageId={one.id} name={one.name} />,
              },
            ]}
          />
        )}
      </Card>
      {adding && <UploadDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}
