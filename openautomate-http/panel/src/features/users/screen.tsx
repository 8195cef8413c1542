'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Ellipsis, Plus, Users as UsersIcon } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Role, User } from '@/api/types';
import { Page } from '@/components/page';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { CopyButton } from '@/components/ui/copy-button';
import { Dialog, FormActions } from '@/components/ui/dialog';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Field, Input, Select } from '@/components/ui/field';
import { Menu, MenuItem, MenuLine } from '@/components/ui/menu';
import { SkeletonRows } from '@/components/ui/skeleton';
import { useProviders } from '@/features/session/providers';
import { api, got } from '@/lib/api';
import { all, useEnvironments, useMay, useNames } from '@/lib/lists';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { useSession } from '@/lib/session';
import { exact } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/users';
import { HELP, type Help } from './help';
import { Invitations } from './invitations';
import { useRoles } from './role-list';
import { Roles } from './roles';

const AccessDialog = dynamic(() => import('./access-dialog').then((module) => module.AccessDialog), { ssr: false });

const LinkedDialog = dynamic(() => import('./linked-dialog').then((module) => module.LinkedDialog), { ssr: false });

const PersonDialog = dynamic(() => import('./person-dialog').then((module) => module.PersonDialog), { ssr: false });

const ROLES: Role[] = ['Administrator', 'Operator', 'Developer', 'Viewer'];

export function Users() {
  const t = useTranslations('users');
  const client = useQueryClient();
  const { user: self } = useSession();
  const [inviting, setInviting] = useState(false);
  const [helped, setHelped] = useState<{ user: User; help: Help }>();
  const [changing, setChanging] = useState<User>();
  const [linked, setLinked] = useState<User>();
  const hasProviders = useProviders().length > 0;
  const mayManage = useMay('ManageUsers');
  const customName = useNames(useRoles(mayManage ?? false).data?.items);
  const environmentName = useNames(useEnvironments().data);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: keys.users,
    queryFn: () => all((cursor) => got(api.GET('/api/users', { params: { query: { cursor, limit: 200 } } }))),
  });
  const update = useMutation({
    mutationFn: ({ user, ...change }: { user: User; disabled: boolean }) =>
      got(api.PUT('/api/users/{id}', { params: { path: { id: user.id } }, body: { ...change, revision: user.revision } })),
    onSuccess: () => toast.success(t('saved')),
    onError: (failure) => toast.error(reason(failure)),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.users }),
  });
  return (
    <Page
      name={t('title')}
      title={t('title')}
      actions={
        mayManage && (
          <Button kind="primary" onClick={() => setInviting(true)}>
            <Plus aria-hidden /> {t('invite')}
          </Button>
        )
      }
    >
      <Card flush>
        {isPending ? (
          <SkeletonRows />
        ) : error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : data.length === 0 ? (
          <Empty icon={UsersIcon} title={t('none')} />
        ) : (
          <Table
            label={t('title')}
            rows={data}
            rowKey={(user) => user.id}
            columns={[
              {
                id: 'name',
                header: t('name'),
                cell: (user) => (
                  <div className="min-w-0">
                    <p className="font-medium">
                      {user.username} {user.id === self?.id && <span className="font-normal text-soft">({t('you')})</span>}
                    </p>
                    <p className="truncate text-xs text-soft">{user.email}</p>
                  </div>
                ),
              },
              {
                id: 'roles',
                header: t('roles'),
                cell: (user) => (
                  <span className="flex flex-wrap gap-1">
                    {user.roles.map((role) => (
                      <Badge key={role}>{t(`names.${role}`)}</Badge>
                    ))}
                    {user.customRoles.map((id) => (
                      <Badge key={id}>{customName(id)}</Badge>
                    ))}
                    {user.environmentRoles.map(({ environmentId, roles = [], customRoles = [] }) => (
                      <Badge key={environmentId} tone="info">
                        {t('in', { environment: environmentName(environmentId), roles: [...roles.map((role) => t(`names.${role}`)), ...customRoles.map(customName)].join(', ') })}
                      </Badge>
                    ))}
                    {user.disabled && <Badge tone="bad">{t('disabled')}</Badge>}
                  </span>
                ),
              },
              { id: 'seen', header: t('lastLogin'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (user) => <Ago at={user.lastLogin} /> },
              {
                id: 'actions',
                header: <span className="sr-only">{t('actions')}</span>,
                className: 'w-0 text-right',
                cell: (user) =>
                  user.id !== self?.id && (
                    <Menu
                      trigger={
                        <Button kind="ghost" size="iconSm" aria-label={t('actionsOf', { name: user.username })}>
                          <Ellipsis aria-hidden />
                        </Button>
                      }
                    >
                      <MenuItem onSelect={() => setChanging(user)}>{t('changeRoles')}</MenuItem>
                      <MenuLine />
                      {HELP.map((help) => (
                        <MenuItem key={help} onSelect={() => setHelped({ user, help })}>
                          {t(`help.${help}.name`)}
                        </MenuItem>
                      ))}
                      {hasProviders && <MenuItem onSelect={() => setLinked(user)}>{t('linked')}</MenuItem>}
                      <MenuLine />
                      <MenuItem danger={!user.disabled} onSelect={() => update.mutate({ user, disabled: !user.disabled })}>
                        {user.disabled ? t('enable') : t('disable')}
                      </MenuItem>
                    </Menu>
                  ),
              },
            ]}
          />
        )}
      </Card>
      {mayManage && <Invitations />}
      {mayManage && <Roles />}
      {changing && <PersonDialog user={changing} onClose={() => setChanging(undefined)} />}
      {helped && <AccessDialog {...helped} onClose={() => setHelped(undefined)} />}
      {linked && <LinkedDialog user={linked} onClose={() => setLinked(undefined)} />}
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
    </Page>
  );
}

/** Makes a link by which one person makes their account. */
function InviteDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('users');
  const client = useQueryClient();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('Viewer');
  const invite = useMutation({
    mutationFn: () => got(api.POST('/api/users/invitations', { body: { email, roles: [role] } })),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.invitations }),
  });
  const failed = invite.error instanceof ApiError ? invite.error : undefined;
  const link = invite.data && `${window.location.origin}/setup#token=${invite.data.token}&email=${encodeURIComponent(email)}`;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t('invite')} description={t('inviteText')}>
      {link ? (
        <div className="grid gap-3 pb-4">
          <p>{t('sendLink', { email })}</p>
          <pre tabIndex={0} data-testid="invitation" className="overflow-x-auto rounded-md border border-border bg-background p-3 font-mono text-xs">
            {link}
          </pre>
          <p className="text-xs text-soft">{t('goodUntil', { at: exact(invite.data.expiresAt) })}</p>
          <FormActions>
            <CopyButton text={link} label={t('copyLink')} />
            <Button kind="primary" onClick={onClose}>
              {t('done')}
            </Button>
          </FormActions>
        </div>
      ) : (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            invite.mutate();
          }}
        >
          <Field label={t('email')} required error={failed?.field('email')}>
            {(props) => <Input {...props} type="email" required value={email} onChange={(event) => setEmail(event.target.value)} />}
          </Field>
          <Field label={t('role')} hint={t(`about.${role}`)}>
            {(props) => (
              <Select {...props} value={role} onChange={(event) => setRole(event.target.value as Role)}>
                {ROLES.map((one) => (
                  <option key={one} value={one}>
                    {t(`names.${one}`)}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          {invite.error && !failed?.field('email') && (
            <p role="alert" className="text-bad">
              {reason(invite.error)}
            </p>
          )}
          <FormActions>
            <Button onClick={onClose}>{t('back')}</Button>
            <Button type="submit" kind="primary" busy={invite.isPending}>
              {t('makeLink')}
            </Button>
          </FormActions>
        </form>
      )}
    </Dialog>
  );
}
