import { QueryClient } from '@tanstack/react-query';
import { ApiError, isOffline } from './problem';

/** What is read is kept, and read again when something says that it changed. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        refetchOnWindowFocus: true,
        retry: (count, error) => isOffline(error) && count < 3,
      },
      mutations: { retry: false },
    },
  });
}

/** The names under which things are kept. */
export const keys = {
  me: ['me'],
  environments: ['environments'],
  agents: ['agents'],
  agent: (id: string) => ['agents', id],
  packages: ['packages'],
  package: (id: string) => ['packages', id],
  versions: (id: string) => ['packages', id, 'versions'],
  executions: ['executions'],
  execution: (id: string) => ['execution', id],
  schedules: ['schedules'],
  schedule: (id: string) => ['schedules', id],
  triggers: ['triggers'],
  approvals: ['approvals'],
  queues: ['queues'],
  buckets: ['buckets'],
  pools: ['pools'],
  releases: ['releases'],
  rollouts: ['rollouts'],
  assets: ['assets'],
  users: ['users'],
  roles: ['roles'],
  permissions: ['permissions'],
  invitations: ['invitations'],
  sessions: ['sessions'],
  totp: ['totp'],
  identities: ['identities'],
  apiKeys: ['apiKeys'],
  audit: ['audit'],
} as const;

/** What to tell somebody of a failure. */
export function reason(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  if (isOffline(error)) return 'The server does not answer. Look whether it runs, then try again.';
  return error instanceof Error ? error.message : String(error);
}
