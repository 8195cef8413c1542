'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { OpenInvitation } from '@/api/types';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Confirm } from '@/components/ui/confirm';
import { api, got } from '@/lib/api';
import { all } from '@/lib/lists';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/users';

/** Invitations that nobody has accepted yet; nothing where there are none. */
export function Invitations() {
  const t = useTranslations('users');
  const client = useQueryClient();
  const [doomed, setDoomed] = useState<OpenInvitation>();
  const { data } = useQuery({
    queryKey: keys.invitations,
    queryFn: () => all((cursor) => got(api.GET('/api/invitations', { params: { query: { cursor, limit: 200 } } }))),
  });
  const withdraw = useMutation({
    mutationFn: (id: string) => got(api.DELETE('/api/invitations/{id}', { params: { path: { id } } })),
    onSuccess: () => toast.success(t('withdrawn')),
    onError: (error) => toast.error(reason(error)),
    onSettled: () => {
      setDoomed(undefined);
      void client.invalidateQueries({ queryKey: keys.invitations });
    },
  });
  if (!data?.length) return null;
  return (
    <Card title={t('invitations')} flush>
      <Table
        label={t('invitations')}
        rows={data}
        rowKey={(one) => one.id}
        columns={[
          { id: 'email', header: t('email'), cell: (one) => <span className="break-all">{one.email}</span> },
          {
            id: 'roles',
            header: t('roles'),
            cell: (one) => (
              <span className="flex flex-wrap gap-1">
                {one.roles.map((role) => (
                  <Badge key={role}>{t(`names.${role}`)}</Badge>
                ))}
              </span>
            ),
          },
          { id: 'made', header: t('invited'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (one) => <Ago at={one.createdAt} /> },
          { id: 'until', header: t('ends'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (one) => <Ago at={one.expiresAt} /> },
          {
            id: 'actions',
            header: <span className="sr-only">{t('actions')}</span>,
            className: 'w-0 text-right',
            cell: (one) => (
              <Button size="sm" aria-label={t('withdrawOf', { email: one.email })} onClick={() => setDoomed(one)}>
                {t('withdraw')}
              </Button>
            ),
          },
        ]}
      />
      <Confirm
        open={doomed !== undefined}
        onOpenChange={() => setDoomed(undefined)}
        title={t('withdrawTitle', { email: doomed?.email ?? '' })}
        text={t('withdrawText')}
        action={t('withdraw')}
        busy={withdraw.isPending}
        onConfirm={() => doomed && withdraw.mutate(doomed.id)}
      />
    </Card>
  );
}
