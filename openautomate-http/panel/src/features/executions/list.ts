import { useInfiniteQuery, useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryState, useQueryStates } from 'nuqs';
import { useCallback, useMemo, useRef, useState } from 'react';
import type { ExecutionState, ExecutionSummary } from '@/api/types';
import { api, got } from '@/lib/api';
import { useEnvironment } from '@/lib/environment';
import { useChanges, type Change } from '@/lib/live';
import { keys } from '@/lib/query';

export const STATES = ['Pending', 'Assigned', 'Running', 'Waiting', 'Succeeded', 'Failed', 'Cancelled', 'TimedOut'] as const;

const WINDOW = 100;
/** New executions are not asked for more often, in milliseconds. */
const PATIENCE = 700;

/** Which executions; in the address, so that a link shows the same. */
export function useExecutionFilter() {
  return useQueryStates(
    {
      state: parseAsArrayOf(parseAsStringLiteral(STATES)).withDefault([]),
      package: parseAsString.withDefault(''),
      agent: parseAsString.withDefault(''),
      schedule: parseAsString.withDefault(''),
    },
    { history: 'replace' },
  );
}

/** As a list, or as bars over time. */
export const VIEWS = ['list', 'timeline'] as const;

export function useExecutionView() {
  return useQueryState('view', parseAsStringLiteral(VIEWS).withDefault('list').withOptions({ history: 'replace' }));
}

export interface Filter {
  state: ExecutionState[];
  package: string;
  agent: string;
  schedule: string;
}

export interface Window {
  items: ExecutionSummary[];
  next?: string | null;
}

async function read(filter: Filter, environment: string, cursor?: string): Promise<Window> {
  return got(
    api.GET('/api/executions', {
      params: {
        query: {
          limit: WINDOW,
          ...(cursor ? { cursor } : {}),
          ...(filter.state.length ? { state: filter.state.join(',') } : {}),
          ...(filter.package ? { packageId: filter.package } : {}),
          ...(filter.agent ? { agentId: filter.agent } : {}),
          ...(filter.schedule ? { scheduleId: filter.schedule } : {}),
          ...(environment ? { environmentId: environment } : {}),
        },
      },
    }),
  );
}

/** The executions of a filter by windows of the server, kept up to date by what the live connection says. */
export function useExecutions(filter: Filter) {
  const environment = useEnvironment();
  const client = useQueryClient();
  const key = useMemo(() => [...keys.executions, environment, filter] as const, [environment, filter]);
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => read(filter, environment, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    staleTime: 5_000,
  });

  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  /** Reads the first window again and puts it in front of the others. */
  const readTop = useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void read(filter, environment).then((top) => {
        client.setQueryData<InfiniteData<Window, string | undefined>>(key, (data) => data && withTop(data, top));
      }, () => undefined);
    }, PATIENCE);
  }, [client, environment, filter, key]);

  const hear = useCallback(
    (changes: Change[], missed: boolean) => {
      if (missed) {
        void client.invalidateQueries({ queryKey: key });
        return;
      }
      const byId = new Map(changes.map((change) => [change.id, change]));
      client.setQueryData<InfiniteData<Window, string | undefined>>(key, (data) => data && patched(data, byId));
      readTop();
    },
    [client, key, readTop],
  );
  useChanges('executions', hear);

  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  return { ...query, rows };
}

/** The loaded windows with the newest one read again: in front what is new, gone what the filter does not match now. */
export function withTop(data: InfiniteData<Window, string | undefined>, top: Window): InfiniteData<Window, string | undefined> {
  const [first] = data.pages;
  if (!first) return data;
  const fresh = new Map(top.items.map((one) => [one.id, one]));
  const loaded = new Set(data.pages.flatMap((page) => page.items.map((one) => one.id)));
  // All of it, or so much new that windows no longer meet.
  if (!top.next || !top.items.some((one) => loaded.has(one.id))) {
    return { pages: [top], pageParams: data.pageParams.slice(0, 1) };
  }
  // Ids are in the order of time.
  const oldest = top.items.at(-1)?.id ?? '';
  const pages = data.pages.map((page) => ({
    ...page,
    items: page.items.filter((one) => fresh.has(one.id) || one.id < oldest).map((one) => fresh.get(one.id) ?? one),
  }));
  const added = top.items.filter((one) => !loaded.has(one.id));
  return { ...data, pages: pages.map((page, index) => (index === 0 ? { ...page, items: [...added, ...page.items] } : page)) };
}

function patched(data: InfiniteData<Window, string | undefined>, changes: Map<string, Change>): InfiniteData<Window, string | undefined> {
  let touched = false;
  const pages = data.pages.map((page) => {
    if (!page.items.some((one) => changes.has(one.id))) return page;
    touched = true;
    return { ...page, items: page.items.map((one) => patchedOne(one, changes.get(one.id))) };
  });
  return touched ? { ...data, pages } : data;
}

/** An execution with what was said of it. */
export function patchedOne<T extends ExecutionSummary>(one: T, change: Change | undefined): T {
  if (!change) return one;
  return {
    ...one,
    ...(change.state ? { state: change.state, status: change.state } : {}),
    ...(change.progress ? { progress: change.progress } : {}),
  };
}

/** What is ticked. */
export function useSelection() {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback((id: string) => {
    setChosen((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  }, []);
  const clear = useCallback(() => setChosen(new Set()), []);
  const set = useCallback((ids: string[]) => setChosen(new Set(ids)), []);
  return { chosen, toggle, clear, set };
}
