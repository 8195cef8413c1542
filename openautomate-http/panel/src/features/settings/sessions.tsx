'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { LogOut } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { all } from '@/lib/lists';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/sessions';
import { programOf } from './program';

/** Where the person is signed in, and the way to end it there. */
export function Sessions() {
  const t = useTranslations('sessions');
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: keys.sessions,
    queryFn: () => all((cursor) => got(api.GET('/api/auth/sessions', { params: { query: { cursor, limit: 200 } } }))),
  });
  const end = useMutation({
    mutationFn: (id?: string) => got(id ? api.DELETE('/api/auth/sessions/{id}', { params: { path: { id } } }) : api.DELETE('/api/auth/sessions', {})),
    onSuccess: () => toast.success(t('ended')),
    onError: (failure) => toast.error(reason(failure)),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.sessions }),
  });
  return (
    <Card
      title={t('title')}
      flush
      actions={
        (data?.length ?? 0) > 1 && (
          <Button kind="ghost" size="sm" busy={end.isPending && end.variables === undefined} onClick={() => end.mutate(undefined)}>
            <LogOut aria-hidden /> {t('endOthers')}
          </Button>
        )
      }
    >
      {error ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <SkeletonRows count={2} />
      ) : (
        <Table
          label={t('title')}
          rows={data}
          rowKey={(one) => one.id}
          columns={[
            {
              id: 'program',
              header: t('program'),
              cell: (one) => (
                <span className="flex flex-wrap items-center gap-2" title={one.userAgent ?? undefined}>
                  {programOf(one.userAgent) ?? t('unknown')}
                  {one.isCurrent && <Badge tone="good">{t('current')}</Badge>}
                  {one.method === 'external' && <Badge>{t('external')}</Badge>}
                </span>
              ),
            },
            { id: 'address', header: t('address'), className: 'hidden text-soft sm:table-cell', cell: (one) => one.ipAddress ?? '–' },
            { id: 'used', header: t('used'), className: 'whitespace-nowrap text-soft', cell: (one) => <Ago at={one.lastUsedAt} /> },
            { id: 'begun', header: t('begun'), className: 'hidden whitespace-nowrap text-soft md:table-cell', cell: (one) => <Ago at={one.createdAt} /> },
            {
              id: 'actions',
              header: <span className="sr-only">{t('actions')}</span>,
              className: 'w-0 text-right',
              cell: (one) =>
                !one.isCurrent && (
                  <Button size="sm" busy={end.isPending && end.variables === one.id} onClick={() => end.mutate(one.id)}>
                    {t('end')}
                  </Button>
                ),
            },
          ]}
        />
      )}
    </Card>
  );
}
