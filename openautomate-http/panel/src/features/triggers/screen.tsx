'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Webhook } from 'lucide-react';
import { toast } from 'sonner';
import { useTranslations } from 'use-intl';
import type { Trigger } from '@/api/types';
import { Page } from '@/components/page';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Card } from '@/components/ui/card';
import { CopyButton } from '@/components/ui/copy-button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { Switch } from '@/components/ui/switch';
import { api, got } from '@/lib/api';
import { useEnvironment } from '@/lib/environment';
import { all, useMay, useNames, usePackages } from '@/lib/lists';
import { Link } from '@/lib/nav';
import { keys, reason } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';

/** What runs packages when something happens. */
export function Triggers() {
  const t = useTranslations('triggers');
  const client = useQueryClient();
  const environment = useEnvironment();
  const packageName = useNames(usePackages().data);
  const mayWrite = useMay('WriteTriggers');
  const { data, error, isPending, refetch } = useQuery({
    queryKey: keys.triggers,
    queryFn: () => all((cursor) => got(api.GET('/api/triggers', { params: { query: { cursor, limit: 200 } } }))),
  });
  useRefresh('triggers', keys.triggers);
  const turn = useMutation({
    mutationFn: ({ trigger, isActive }: { trigger: Trigger; isActive: boolean }) => {
      const { id, environmentId, inputs, mapping, name, packageId, revision, source } = trigger;
      return got(
        api.PUT('/api/triggers/{id}', { params: { path: { id } }, body: { environmentId, inputs, mapping, name, packageId, revision, source, isActive } }),
      );
    },
    onMutate: ({ trigger, isActive }) => {
      client.setQueryData<Trigger[]>(keys.triggers, (list) => list?.map((one) => (one.id === trigger.id ? { ...one, isActive } : one)));
    },
    onError: (failure) => toast.error(reason(failure)),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.triggers }),
  });
  const rows = data?.filter((one) => !environment || one.environmentId === environment) ?? [];
  return (
    <Page name={t('title')} title={t('title')}>
      <Card flush>
        {isPending ? (
          <SkeletonRows />
        ) : error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : rows.length === 0 ? (
          <Empty icon={Webhook} title={t('none')} text={t('noneText')} />
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
                  <Switch aria-label={t('onOf', { name: one.name })} checked={one.isActive} disabled={!mayWrite} onCheckedChange={(isActive) => turn.mutate({ trigger: one, isActive })} />
                ),
              },
              { id: 'name', header: t('name'), className: 'font-medium', cell: (one) => one.name },
              {
                id: 'package',
                header: t('package'),
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
                    t('afterExecution')
                  ),
              },
              { id: 'updated', header: t('updated'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (one) => <Ago at={one.updatedAt} /> },
            ]}
          />
        )}
      </Card>
    </Page>
  );
}
