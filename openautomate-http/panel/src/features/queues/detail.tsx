'use client';

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ListChecks, RotateCcw } from 'lucide-react';
import { parseAsString, useQueryState } from 'nuqs';
import { useTranslations } from 'use-intl';
import type { WorkItemSummary } from '@/api/types';
import { Page } from '@/components/page';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Badge, type Tone } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Select } from '@/components/ui/field';
import { Skeleton, SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { useMay } from '@/lib/lists';
import { Link, usePathId } from '@/lib/nav';
import { keys, reason } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';
import { short } from '@/lib/short';
import { toast } from '@/lib/toast';
import '@/messages/queues';
import { QueueActions } from './actions';
import { Counts } from './screen';

const tones: Record<WorkItemSummary['state'], Tone> = {
  New: 'plain',
  InProgress: 'info',
  Successful: 'good',
  Failed: 'bad',
  BusinessFailed: 'warn',
  DeadLetter: 'bad',
  Deleted: 'plain',
};
const STATES = Object.keys(tones) as WorkItemSummary['state'][];
/** What may be worked on again. */
const AGAIN: WorkItemSummary['state'][] = ['Failed', 'BusinessFailed', 'DeadLetter'];

export function QueueDetail() {
  const t = useTranslations('queues');
  const id = usePathId();
  const client = useQueryClient();
  const [state, setState] = useQueryState('state', parseAsString.withDefault(''));
  const queue = useQuery({ queryKey: [...keys.queues, 'one', id], queryFn: () => got(api.GET('/api/queues/{id}', { params: { path: { id } } })), enabled: id !== '' });
  const items = useInfiniteQuery({
    queryKey: [...keys.queues, 'items', id, state],
    queryFn: ({ pageParam }) =>
      got(api.GET('/api/queues/{id}/items', { params: { path: { id }, query: { limit: 100, ...(pageParam ? { cursor: pageParam } : {}), ...(state ? { state } : {}) } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    enabled: id !== '',
  });
  const mayWork = useMay('WriteWorkItems', queue.data?.environmentId);
  useRefresh('queues', keys.queues);
  const again = useMutation({
    mutationFn: (item: string) => got(api.POST('/api/queues/{id}/items/{item}/reprocess', { params: { path: { id, item } } })),
    onSuccess: () => toast.success(t('reprocessed')),
    onError: (failure) => toast.error(reason(failure)),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.queues }),
  });
  if (queue.error) return <Failure error={queue.error} onRetry={() => void queue.refetch()} />;
  if (!queue.data) return <Skeleton className="h-56" />;
  const rows = items.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page name={queue.data.name} title={queue.data.name} parent={{ path: '/queues', name: t('title') }} aside={<Counts id={id} />} actions={<QueueActions queue={queue.data} />}>
      {queue.data.description && <p className="-mt-2 max-w-3xl text-soft">{queue.data.description}</p>}
      <Select aria-label={t('state')} data-search className="w-48" value={state} onChange={(event) => void setState(event.target.value || null)}>
        <option value="">{t('anyState')}</option>
        {STATES.map((one) => (
          <option key={one} value={one}>
            {t(`states.${one}`)}
          </option>
        ))}
      </Select>
      <Card flush>
        {items.isPending ? (
          <SkeletonRows />
        ) : items.error ? (
          <Failure error={items.error} onRetry={() => void items.refetch()} />
        ) : rows.length === 0 ? (
          <Empty icon={ListChecks} title={t('noItems')} text={t('noItemsText')} />
        ) : (
          <>
            <Table
              label={t('items')}
              rows={rows}
              rowKey={(item) => item.id}
              columns={[
                { id: 'reference', header: t('reference'), className: 'font-medium', cell: (item) => item.reference ?? <code className="font-mono text-xs">{short(item.id)}</code> },
                { id: 'state', header: t('state'), cell: (item) => <Badge tone={tones[item.state]}>{t(`states.${item.state}`)}</Badge> },
                { id: 'attempts', header: t('attempts'), className: 'hidden tabular-nums sm:table-cell', cell: (item) => item.attempts },
                { id: 'error', header: t('error'), className: 'hidden max-w-sm md:table-cell', cell: (item) => <span className="block truncate">{item.error?.message ?? '–'}</span> },
                {
                  id: 'execution',
                  header: t('execution'),
                  className: 'hidden lg:table-cell',
                  cell: (item) =>
                    item.executionId ? (
                      <Link href={`/executions/${item.executionId}`} className="text-accent hover:underline">
                        {short(item.executionId)}
                      </Link>
                    ) : (
                      '–'
                    ),
                },
                { id: 'created', header: t('created'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (item) => <Ago at={item.createdAt} /> },
                {
                  id: 'actions',
                  header: <span className="sr-only">{t('actions')}</span>,
                  className: 'w-0 text-right',
                  cell: (item) =>
                    mayWork &&
                    AGAIN.includes(item.state) && (
                      <Button size="sm" disabled={again.isPending} onClick={() => again.mutate(item.id)}>
                        <RotateCcw aria-hidden /> {t('again')}
                      </Button>
                    ),
                },
              ]}
            />
            {items.hasNextPage && (
              <div className="border-t border-border p-3 text-center">
                <Button kind="ghost" busy={items.isFetchingNextPage} onClick={() => void items.fetchNextPage()}>
                  {t('more')}
                </Button>
              </div>
            )}
          </>
        )}
      </Card>
    </Page>
  );
}
