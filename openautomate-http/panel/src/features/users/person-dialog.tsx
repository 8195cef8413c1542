'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { EnvironmentRoles, Role, User } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/roles';
import '@/messages/users';
import { RolesByEnvironment } from './environment-roles';
import { rolesIn, useRoles, type ShownRole } from './role-list';

/** The list with a thing more, or with it no more. */
function changed<T>(list: T[], one: T, isIn: boolean): T[] {
  return isIn ? [...list, one] : list.filter((other) => other !== one);
}

/** Gives somebody roles, and takes them. */
export function PersonDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const t = useTranslations('roles');
  const names = useTranslations('users');
  const client = useQueryClient();
  const { data, error, refetch } = useRoles();
  const [roles, setRoles] = useState<Role[]>(user.roles);
  const [customRoles, setCustomRoles] = useState<string[]>(user.customRoles);
  const [byEnvironment, setByEnvironment] = useState<EnvironmentRoles[]>(user.environmentRoles);
  const save = useMutation({
    mutationFn: () => got(api.PUT('/api/users/{id}', { params: { path: { id: user.id } }, body: { roles, customRoles, environmentRoles: byEnvironment, revision: user.revision } })),
    onSuccess: () => {
      toast.success(names('saved'));
      onClose();
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.users });
      void client.invalidateQueries({ queryKey: keys.roles });
    },
  });
  const has = ({ builtIn, id }: ShownRole) => (builtIn ? roles.includes(builtIn) : customRoles.includes(id));
  const set = ({ builtIn, id }: ShownRole, isIn: boolean) => (builtIn ? setRoles(changed(roles, builtIn, isIn)) : setCustomRoles(changed(customRoles, id, isIn)));
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={t('ofTitle', { name: user.username })}
      description={t('ofText')}
      footer={
        <>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button kind="primary" busy={save.isPending} disabled={roles.length + customRoles.length + byEnvironment.length === 0 || save.isPending} onClick={() => save.mutate()}>
            {t('save')}
          </Button>
        </>
      }
    >
      <div className="grid gap-5 pb-3">
        {error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : !data ? (
          <SkeletonRows count={4} />
        ) : (
          <>
            <fieldset className="grid gap-2.5">
              <legend className="mb-2 text-[0.8125rem] font-medium">{t('everywhere')}</legend>
              {rolesIn(data).map((role) => (
                <label key={role.id} className="flex items-start gap-2.5">
                  <input type="checkbox" className="mt-0.5 size-4 shrink-0 accent-(--accent)" checked={has(role)} onChange={(event) => set(role, event.target.checked)} />
                  <span className="grid min-w-0">
                    <span className="font-medium break-words">{role.builtIn ? names(`names.${role.builtIn}`) : role.name}</span>
                    <span className="text-xs break-words text-soft">{role.builtIn ? names(`about.${role.builtIn}`) : role.custom?.description}</span>
                  </span>
                </label>
              ))}
            </fieldset>
            <RolesByEnvironment roles={rolesIn(data)} chosen={byEnvironment} onChange={setByEnvironment} />
          </>
        )}
        {save.error && (
          <p role="alert" className="break-words text-bad">
            {reason(save.error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}
