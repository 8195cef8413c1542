'use client';

import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Page } from '@/components/page';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Failure } from '@/components/ui/failure';
import { Skeleton } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { useMay } from '@/lib/lists';
import { Link, usePathId } from '@/lib/nav';
import { keys } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';
import '@/messages/package';
import { RunButton } from '../run/run-button';
import { useVersions } from '../run/versions';
import { Environments } from './environments';
import { Versions } from './versions';

const UploadDialog = dynamic(() => import('./upload').then((module) => module.UploadDialog), { ssr: false });

export function PackageDetail() {
  const t = useTranslations('package');
  const id = usePathId();
  const mayWrite = useMay('WritePackages');
  const mayRun = useMay('RunExecutions');
  const [adding, setAdding] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: keys.package(id),
    queryFn: () => got(api.GET('/api/packages/{id}', { params: { path: { id } } })),
    enabled: id !== '',
  });
  const versions = useVersions(id);
  useRefresh('packages', keys.packages);
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) {
    return (
      <div className="grid gap-5" aria-busy>
        <Skeleton className="h-8 w-64" />
        <Skeleton className="h-56" />
      </div>
    );
  }
  return (
    <Page
      name={data.name}
      title={data.name}
      parent={{ path: '/packages', name: t('all') }}
      actions={
        <>
          <Button asChild>
            <Link href={`/executions?package=${id}`}>{t('runs')}</Link>
          </Button>
          {mayWrite && (
            <Button onClick={() => setAdding(true)}>
              <Plus aria-hidden /> {t('addVersion')}
            </Button>
          )}
          {mayRun && <RunButton packageId={id} name={data.name} primary />}
        </>
      }
    >
      {data.description && <p className="-mt-2 max-w-3xl text-soft">{data.description}</p>}
      <Environments packageId={id} versions={versions.data} />
      <Card title={t('versions')} flush>
        <Versions packageId={id} versions={versions.data} error={versions.error} onAdd={mayWrite ? () => setAdding(true) : undefined} />
      </Card>
      {adding && <UploadDialog packageId={id} onClose={() => setAdding(false)} />}
    </Page>
  );
}
