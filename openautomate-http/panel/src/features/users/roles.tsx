'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Ellipsis, Plus } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { CustomRole } from '@/api/types';
import { Table } from '@/components/table';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Confirm } from '@/components/ui/confirm';
import { Failure } from '@/components/ui/failure';
import { Menu, MenuItem } from '@/components/ui/menu';
import { SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/roles';
import '@/messages/users';
import { rolesIn, useRoles, type ShownRole } from './role-list';

const RoleDialog = dynamic(() => import('./role-dialog').then((module) => module.RoleDialog), { ssr: false });

/** The roles: those that are always there, and those that people made. */
export function Roles() {
  const t = useTranslations('roles');
  const names = useTranslations('users');
  const client = useQueryClient();
  const { data, error, refetch } = useRoles();
  const [shown, setShown] = useState<ShownRole | 'new'>();
  const [doomed, setDoomed] = useState<CustomRole>();
  const remove = useMutation({
    mutationFn: ({ id }: CustomRole) => got(api.DELETE('/api/roles/{id}', { params: { path: { id } } })),
    onSuccess: () => toast.success(t('deleted')),
    onError: (failure) => toast.error(reason(failure)),
    onSettled: () => {
      setDoomed(undefined);
      void client.invalidateQueries({ queryKey: keys.roles });
    },
  });
  return (
    <Card
      title={t('title')}
      flush
      actions={
        <Button kind="ghost" size="sm" onClick={() => setShown('new')}>
          <Plus aria-hidden /> {t('new')}
        </Button>
      }
    >
      {error ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <SkeletonRows count={4} />
      ) : (
        <Table
          label={t('title')}
          rows={rolesIn(data)}
          rowKey={({ id }) => id}
          columns={[
            {
              id: 'name',
              header: t('name'),
              cell: (role) => (
                <div className="min-w-0">
                  <p className="flex flex-wrap items-center gap-2">
                    <button type="button" className="text-left font-medium break-words hover:text-accent hover:underline" onClick={() => setShown(role)}>
                      {role.builtIn ? names(`names.${role.builtIn}`) : role.name}
                    </button>
                    {role.builtIn && <Badge>{t('builtIn')}</Badge>}
                  </p>
                  <p className="text-xs break-words text-soft">{role.builtIn ? names(`about.${role.builtIn}`) : role.custom?.description}</p>
                </div>
              ),
            },
            { id: 'permissions', header: t('permissions'), className: 'hidden whitespace-nowrap text-soft tabular-nums sm:table-cell', cell: (role) => role.permissions.length },
            {
              id: 'actions',
              header: <span className="sr-only">{t('actions')}</span>,
              className: 'w-0 text-right',
              cell: (role) =>
                role.custom && (
                  <Menu
                    trigger={
                      <Button kind="ghost" size="iconSm" aria-label={t('actionsOf', { name: role.name })}>
                        <Ellipsis aria-hidden />
                      </Button>
                    }
                  >
                    <MenuItem onSelect={() => setShown(role)}>{t('edit')}</MenuItem>
                    <MenuItem danger onSelect={() => setDoomed(role.custom)}>
                      {t('delete')}
                    </MenuItem>
                  </Menu>
                ),
            },
          ]}
        />
      )}
      {shown && <RoleDialog role={shown === 'new' ? undefined : shown} onClose={() => setShown(undefined)} />}
      <Confirm
        open={doomed !== undefined}
        onOpenChange={() => setDoomed(undefined)}
        title={t('deleteTitle', { name: doomed?.name ?? '' })}
        text={t('deleteText')}
        action={t('delete')}
        busy={remove.isPending}
        onConfirm={() => doomed && remove.mutate(doomed)}
      />
    </Card>
  );
}
