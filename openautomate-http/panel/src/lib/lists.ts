import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import type { Agent, AgentPool, Environment, Me, Package, Permission, Schedule, WorkQueue } from '@/api/types';
import { api, got } from './api';
import { useEnvironment } from './environment';
import { may } from './may';
import { keys } from './query';
import { short } from './short';

/** Lists that are short and needed in many places. */

interface Page<T> {
  items: T[];
  next?: string | null;
}

/** All pages of a list, up to a thousand things. */
export async function all<T>(page: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const { items: more, next } = await page(cursor);
    items.push(...more);
    cursor = next ?? undefined;
  } while (cursor && items.length < 1_000);
  return items;
}

export function useMe(): UseQueryResult<Me> {
  return useQuery({ queryKey: keys.me, queryFn: () => got(api.GET('/api/auth/me', {})), staleTime: 60_000 });
}

/**
 * Whether the person may do something in an environment: the one that is given, else the one that is looked at, else any.
 * `undefined` until it is known.
 */
export function useMay(permission: Permission, environmentId?: string): boolean | undefined {
  const { data } = useMe();
  const looked = useEnvironment();
  return data && may(data, permission, environmentId ?? looked);
}

/** Whether the person may do something in any environment at all, so that a list of it is worth asking for. */
export function useMaySomewhere(permission: Permission): boolean {
  const { data } = useMe();
  return data !== undefined && may(data, permission);
}

/** Whether the person may do something, told for each environment by its id. */
export function useMayIn(permission: Permission): (environmentId: string) => boolean {
  const { data } = useMe();
  return (environmentId) => data !== undefined && may(data, permission, environmentId);
}

export function useEnvironments(): UseQueryResult<Environment[]> {
  return useQuery({
    queryKey: keys.environments,
    queryFn: async () => (await got(api.GET('/api/environments', {}))).items,
    staleTime: 300_000,
  });
}

/** The environments in which the person may do something. */
export function useEnvironmentsFor(permission: Permission): Environment[] | undefined {
  const { data } = useEnvironments();
  const mayIn = useMayIn(permission);
  return data?.filter(({ id }) => mayIn(id));
}

/** Where something new belongs: what was picked, else what is looked at, else the default environment, if it may be there. */
export function useHome(picked: string, permission: Permission): string {
  const looked = useEnvironment();
  const places = useEnvironmentsFor(permission);
  return picked || (places?.find(({ id }) => id === looked) ?? places?.find((one) => one.isDefault) ?? places?.[0])?.id || '';
}

export function useAgents(): UseQueryResult<Agent[]> {
  const enabled = useMaySomewhere('ReadAgents');
  return useQuery({
    enabled,
    queryKey: keys.agents,
    queryFn: () => all((cursor) => got(api.GET('/api/agents', { params: { query: { cursor, limit: 200 } } }))),
  });
}

export function usePackages(): UseQueryResult<Package[]> {
  const enabled = useMaySomewhere('ReadPackages');
  return useQuery({
    enabled,
    queryKey: keys.packages,
    queryFn: () => all((cursor) => got(api.GET('/api/packages', { params: { query: { cursor, limit: 200 } } }))),
  });
}

export function useSchedules(): UseQueryResult<Schedule[]> {
  const enabled = useMaySomewhere('ReadSchedules');
  return useQuery({
    enabled,
    queryKey: keys.schedules,
    queryFn: () => all((cursor) => got(api.GET('/api/schedules', { params: { query: { cursor, limit: 200 } } }))),
  });
}

/** The names of things by their ids. */
export function useNames(list: { id: string; name: string }[] | undefined): (id: string | null | undefined) => string {
  const names = useMemo(() => new Map(list?.map((one) => [one.id, one.name])), [list]);
  // The same function as long as the names are, so that what is made with it need not be made anew.
  return useCallback((id) => (id ? (names.get(id) ?? short(id)) : '–'), [names]);
}

export function useQueues(): UseQueryResult<WorkQueue[]> {
  const enabled = useMaySomewhere('ReadQueues');
  return useQuery({
    enabled,
    queryKey: [...keys.queues, 'all'],
    queryFn: () => all((cursor) => got(api.GET('/api/queues', { params: { query: { cursor, limit: 200 } } }))),
  });
}

export function usePools(): UseQueryResult<AgentPool[]> {
  const enabled = useMaySomewhere('ReadAgents');
  return useQuery({
    enabled,
    queryKey: keys.pools,
    queryFn: () => all((cursor) => got(api.GET('/api/agent-pools', { params: { query: { cursor, limit: 200 } } }))),
  });
}
