import type { Me, Permission } from '@/api/types';

/**
 * What somebody may: everywhere, or in single environments. In the panel it is decided for the environment of the thing
 * at hand, else for the one that is looked at; where all are looked at, it is enough that it holds in one of them. The
 * server decides each time again.
 */

/** Whether somebody may do something in an environment; without one, in any. */
export function may(me: Me, permission: Permission, environment?: string): boolean {
  if (me.permissions.includes(permission)) return true;
  return me.environments.some(({ environmentId, permissions }) => (!environment || environmentId === environment) && permissions.includes(permission));
}

/** Whether somebody may do something in at least one environment, or everywhere: what a key of theirs can be for. */
export function somewhere(me: Me): Permission[] {
  return [...new Set([...me.permissions, ...me.environments.flatMap(({ permissions }) => permissions)])];
}
