'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { ApiKey } from '@/api/types';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Confirm } from '@/components/ui/confirm';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { usePermissionWords } from '@/features/permissions/words';
import { byTopic } from '@/features/permissions/topics';
import { api, got } from '@/lib/api';
import { all } from '@/lib/lists';
import { keys, reason } from '@/lib/query';
import { useNow } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/apiKeys';
import '@/messages/permissions';
import { keyState } from './key-state';

const KeyDialog = dynamic(() => import('./api-key-dialog').then((module) => module.ApiKeyDialog), { ssr: false });

/** The keys by which the person's programs sign in. */
export function ApiKeys() {
  const t = useTranslations('apiKeys');
  const topics = useTranslations('permissions');
  const inWords = usePermissionWords();
  const client = useQueryClient();
  const now = useNow();
  const [making, setMaking] = useState(false);
  const [doomed, setDoomed] = useState<ApiKey>();
  const [isWhole, setWhole] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: keys.apiKeys,
    queryFn: () => all((cursor) => got(api.GET('/api/api-keys', { params: { query: { cursor, limit: 200 } } }))),
  });
  const revoke = useMutation({
    mutationFn: (id: string) => got(api.DELETE('/api/api-keys/{id}', { params: { path: { id } } })),
    onSuccess: () => toast.success(t('revokedNow')),
    onError: (failure) => toast.error(reason(failure)),
    onSettled: () => {
      setDoomed(undefined);
      void client.invalidateQueries({ queryKey: keys.apiKeys });
    },
  });
  const isOver = (key: ApiKey) => ['expired', 'revoked'].includes(keyState(key, now));
  const over = data?.filter(isOver).length ?? 0;
  const rows = (isWhole ? data : data?.filter((key) => !isOver(key))) ?? [];
  return (
    <Card
      title={t('title')}
      flush
      actions={
        <>
          {over > 0 && (
            <Button kind="ghost" size="sm" aria-pressed={isWhole} onClick={() => setWhole(!isWhole)}>
              {isWhole ? t('hideOver') : t('showOver', { count: over })}
            </Button>
          )}
          <Button kind="ghost" size="sm" onClick={() => setMaking(true)}>
            <Plus aria-hidden /> {t('new')}
          </Button>
        </>
      }
    >
      {error ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <SkeletonRows count={2} />
      ) : rows.length === 0 ? (
        <p className="p-4 text-soft">{t('none')}</p>
      ) : (
        <Table
          label={t('title')}
          rows={rows}
          rowKey={(key) => key.id}
          columns={[
            {
              id: 'name',
              header: t('name'),
              cell: (key) => {
                const state = keyState(key, now);
                return (
                  <div className="min-w-0">
                    <p className="flex flex-wrap items-center gap-2 font-medium break-words">
                      {key.name} {state !== 'good' && <Badge tone={state === 'soon' ? 'warn' : 'plain'}>{t(`states.${state}`)}</Badge>}
                    </p>
                    <p className="font-mono text-xs text-soft">oa_pat_{key.hint}…</p>
                  </div>
                );
              },
            },
            {
              id: 'scopes',
              header: t('scopes'),
              className: 'hidden md:table-cell',
              cell: ({ scopes }) => (
                <span className="flex flex-wrap gap-1">
                  {byTopic(scopes).map(([topic, some]) => (
                    <Badge key={topic}>
                      <span title={some.map(inWords).join(', ')}>{topics(`topics.${topic}`)}</span>
                    </Badge>
                  ))}
                </span>
              ),
            },
            { id: 'used', header: t('used'), className: 'whitespace-nowrap text-soft', cell: (key) => (key.lastUsedAt ? <Ago at={key.lastUsedAt} /> : t('never')) },
            { id: 'ends', header: t('ends'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (key) => <Ago at={key.expiresAt} /> },
            {
              id: 'actions',
              header: <span className="sr-only">{t('actions')}</span>,
              className: 'w-0 text-right',
              cell: (key) =>
                !isOver(key) && (
                  <Button size="sm" aria-label={t('revokeOf', { name: key.name })} onClick={() => setDoomed(key)}>
                    {t('revoke')}
                  </Button>
                ),
            },
          ]}
        />
      )}
      {making && <KeyDialog onClose={() => setMaking(false)} />}
      <Confirm
        open={doomed !== undefined}
        onOpenChange={() => setDoomed(undefined)}
        title={t('revokeTitle', { name: doomed?.name ?? '' })}
        text={t('revokeText')}
        action={t('revoke')}
        busy={revoke.isPending}
        onConfirm={() => doomed && revoke.mutate(doomed.id)}
      />
    </Card>
  );
}
