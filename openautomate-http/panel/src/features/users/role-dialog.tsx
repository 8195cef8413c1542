'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Permission } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog, FormActions } from '@/components/ui/dialog';
import { Field, Input } from '@/components/ui/field';
import { PermissionPicker } from '@/features/permissions/picker';
import { api, got } from '@/lib/api';
import { useMe } from '@/lib/lists';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/roles';
import '@/messages/users';
import type { ShownRole } from './role-list';

/** Makes a role or changes one; shows what a built-in one allows. */
export function RoleDialog({ role, onClose }: { role: ShownRole | undefined; onClose: () => void }) {
  const t = useTranslations('roles');
  const names = useTranslations('users');
  const client = useQueryClient();
  const { data: me } = useMe();
  const [name, setName] = useState(role?.name ?? '');
  const [description, setDescription] = useState(role?.custom?.description ?? '');
  const [permissions, setPermissions] = useState<Permission[]>(role?.permissions ?? []);
  const custom = role?.custom;
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), description: description.trim(), permissions };
      return got(custom ? api.PUT('/api/roles/{id}', { params: { path: { id: custom.id } }, body: { ...body, revision: custom.revision } }) : api.POST('/api/roles', { body }));
    },
    onSuccess: () => {
      toast.success(t('saved'));
      onClose();
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.roles });
      void client.invalidateQueries({ queryKey: keys.me });
    },
  });
  if (role?.builtIn) {
    return (
      <Dialog
        open
        wide
        onOpenChange={(open) => !open && onClose()}
        title={names(`names.${role.builtIn}`)}
        description={t('fixed')}
        footer={
          <Button kind="primary" onClick={onClose}>
            {t('close')}
          </Button>
        }
      >
        <div className="pb-3">
          <PermissionPicker chosen={role.permissions} />
        </div>
      </Dialog>
    );
  }
  const failed = save.error instanceof ApiError ? save.error : undefined;
  const wrong = (field: string) => failed?.field(field);
  const isTold = wrong('name') ?? wrong('description') ?? wrong('permissions');
  const isAdministrator = me?.roles.includes('Administrator');
  return (
    <Dialog open wide onOpenChange={(open) => !open && onClose()} title={custom ? t('editTitle', { name: custom.name }) : t('new')} description={custom ? t('editText') : undefined}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t('name')} required error={wrong('name')}>
            {(props) => <Input {...props} autoFocus={!custom} required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
          <Field label={t('description')} error={wrong('description')}>
            {(props) => <Input {...props} maxLength={500} value={description} onChange={(event) => setDescription(event.target.value)} />}
          </Field>
        </div>
        <fieldset className="grid gap-3">
          <legend className="mb-1.5 text-[0.8125rem] font-medium">{t('allows')}</legend>
          <PermissionPicker chosen={permissions} onChange={setPermissions} isBarred={(one, reserved) => !isAdministrator && (reserved || !me?.permissions.includes(one))} />
          {wrong('permissions') && (
            <p role="alert" className="text-xs break-words text-bad">
              {wrong('permissions')}
            </p>
          )}
        </fieldset>
        {save.error && !isTold && (
          <p role="alert" className="break-words text-bad">
            {reason(save.error)}
          </p>
        )}
        <FormActions>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button type="submit" kind="primary" busy={save.isPending} disabled={permissions.length === 0 || save.isPending}>
            {t('save')}
          </Button>
        </FormActions>
      </form>
    </Dialog>
  );
}
