import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { CustomRole, Permission, Role, RoleList } from '@/api/types';
import { api, got } from '@/lib/api';
import { keys } from '@/lib/query';

/** A role as a row of the list: built in, or made by people. */
export interface ShownRole {
  id: string;
  name: string;
  permissions: Permission[];
  builtIn?: Role;
  custom?: CustomRole;
}

export function useRoles(enabled = true): UseQueryResult<RoleList> {
  return useQuery({ queryKey: keys.roles, queryFn: () => got(api.GET('/api/roles', {})), enabled });
}

/** The roles that are always there, then the others by name. */
export function rolesIn({ builtIn, items }: RoleList): ShownRole[] {
  return [
    ...builtIn.map(({ role, permissions }) => ({ id: role, name: role, permissions, builtIn: role })),
    ...items.map((custom) => ({ id: custom.id, name: custom.name, permissions: custom.permissions, custom })).sort((one, other) => one.name.localeCompare(other.name)),
  ];
}
