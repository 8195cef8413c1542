import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { CustomRole, EnvironmentRoles, Permission, Role, RoleList } from '@/api/types';
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

/** Whether a role is given in an environment. */
export function isIn(chosen: EnvironmentRoles[], environmentId: string, { builtIn, id }: ShownRole): boolean {
  const there = chosen.find((one) => one.environmentId === environmentId);
  return (builtIn ? there?.roles?.includes(builtIn) : there?.customRoles?.includes(id)) ?? false;
}

/** What is given by environment, with a role more there, or with it no more; environments without any are left out. */
export function withRole(chosen: EnvironmentRoles[], environmentId: string, { builtIn, id }: ShownRole, isGiven: boolean): EnvironmentRoles[] {
  const there = chosen.find((one) => one.environmentId === environmentId);
  const changed = <T>(list: T[] = [], one: T) => [...list.filter((other) => other !== one), ...(isGiven ? [one] : [])];
  const roles = builtIn ? changed(there?.roles, builtIn) : (there?.roles ?? []);
  const customRoles = builtIn ? (there?.customRoles ?? []) : changed(there?.customRoles, id);
  const others = chosen.filter((one) => one.environmentId !== environmentId);
  return roles.length + customRoles.length === 0 ? others : [...others, { environmentId, roles, customRoles }];
}
