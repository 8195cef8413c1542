'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { FileLock2, KeyRound, Lock, Pencil, Plus, Trash2 } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Asset } from '@/api/types';
import { Page } from '@/components/page';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Confirm } from '@/components/ui/confirm';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { useEnvironment } from '@/lib/environment';
import { all, useEnvironments, useMay, useMayIn, useNames } from '@/lib/lists';
import { keys, reason } from '@/lib/query';
import { bytes } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/assets';

const AssetDialog = dynamic(() => import('./asset-dialog').then((module) => module.AssetDialog), { ssr: false });

/** Values that automations read by name; those that are secret can be written and never read. */
export function Assets() {
  const t = useTranslations('assets');
  const client = useQueryClient();
  const environment = useEnvironment();
  const environmentName = useNames(useEnvironments().data);
  const mayWrite = useMay('WriteAssets');
  const mayWriteIn = useMayIn('WriteAssets');
  const [edited, setEdited] = useState<Asset | 'new'>();
  const [doomed, setDoomed] = useState<Asset>();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: [...keys.assets, environment],
    queryFn: () =>
      all((cursor) => got(api.GET('/api/assets', { params: { query: { cursor, limit: 200, ...(environment ? { environmentId: environment } : {}) } } }))),
  });
  const remove = useMutation({
    mutationFn: (id: string) => got(api.DELETE('/api/assets/{id}', { params: { path: { id } } })),
    onSuccess: () => toast.success(t('deleted')),
    onError: (failure) => toast.error(reason(failure)),
    onSettled: () => {
      setDoomed(undefined);
      void client.invalidateQueries({ queryKey: keys.assets });
    },
  });
  const add = mayWrite && (
    <Button kind="primary" onClick={() => setEdited('new')}>
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
          <Empty icon={KeyRound} title={t('none')} text={t('noneText')}>
            {add}
          </Empty>
        ) : (
          <Table
            label={t('title')}
            rows={data}
            rowKey={(asset) => asset.id}
            columns={[
              {
                id: 'name',
                header: t('name'),
                cell: (asset) => (
                  <div className="min-w-0">
                    <code className="font-mono text-[0.8125rem] font-medium break-words">{asset.name}</code>
                    <div className="mt-1 text-xs sm:hidden">
                      <Value asset={asset} />
                    </div>
                    {asset.description && <p className="max-w-md truncate text-xs text-soft">{asset.description}</p>}
                  </div>
                ),
              },
              {
                id: 'value',
                header: t('value'),
                className: 'hidden max-w-xs sm:table-cell',
                cell: (asset) => <Value asset={asset} />,
              },
              { id: 'environment', header: t('environment'), className: 'hidden text-soft md:table-cell', cell: (asset) => environmentName(asset.environmentId) },
              { id: 'updated', header: t('updated'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (asset) => <Ago at={asset.updatedAt} /> },
              {
                id: 'actions',
                header: <span className="sr-only">{t('actions')}</span>,
                className: 'w-0 whitespace-nowrap',
                cell: (asset) =>
                  mayWriteIn(asset.environmentId) && (
                    <span className="flex justify-end gap-1">
                      <Button kind="ghost" size="iconSm" aria-label={t('edit', { name: asset.name })} onClick={() => setEdited(asset)}>
                        <Pencil aria-hidden />
                      </Button>
                      <Button kind="ghost" size="iconSm" aria-label={t('delete', { name: asset.name })} onClick={() => setDoomed(asset)}>
                        <Trash2 aria-hidden />
                      </Button>
                    </span>
                  ),
              },
            ]}
          />
        )}
      </Card>
      {edited && <AssetDialog {...(edited === 'new' ? {} : { asset: edited })} onClose={() => setEdited(undefined)} />}
      <Confirm
        open={doomed !== undefined}
        onOpenChange={() => setDoomed(undefined)}
        title={t('deleteTitle', { name: doomed?.name ?? '' })}
        text={t('deleteText')}
        action={t('deleteIt')}
        busy={remove.isPending}
        onConfirm={() => doomed && remove.mutate(doomed.id)}
      />
    </Page>
  );
}

/** What an asset holds, as far as anybody may see it. */
function Value({ asset }: { asset: Asset }) {
  const t = useTranslations('assets');
  return asset.format === 'file' ? (
    <span className="flex min-w-0 items-center gap-2">
      <FileLock2 className="size-4 shrink-0 text-soft" aria-hidden />
      <span className="truncate">{asset.fileName}</span>
      <span className="whitespace-nowrap text-soft tabular-nums">{bytes(asset.fileSize ?? 0)}</span>
    </span>
  ) : asset.kind === 'secret' ? (
    <Badge>
      <Lock aria-hidden /> {t('secret')}
    </Badge>
  ) : (
    <span className="block truncate font-mono text-xs">{typeof asset.value === 'string' ? asset.value : JSON.stringify(asset.value)}</span>
  );
}
