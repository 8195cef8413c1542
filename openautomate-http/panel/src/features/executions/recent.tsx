'use client';

import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import type { ExecutionSummary } from '@/api/types';
import { StateBadge } from '@/components/state-badge';
import { Ago } from '@/components/ui/ago';
import { SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { Link } from '@/lib/nav';
import { keys } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';
import '@/messages/origins';

interface RecentFilter {
  agentId?: string;
  scheduleId?: string;
  packageId?: string;
  environmentId?: string;
  state?: string;
}

/** The newest executions of a filter, kept up to date; none are asked for where nobody may see them. */
export function useRecent(filter: RecentFilter, limit = 8, enabled = true) {
  const key = [...keys.executions, 'recent', filter, limit];
  useRefresh('executions', key);
  return useQuery({
    queryKey: key,
    queryFn: async () => (await got(api.GET('/api/executions', { params: { query: { ...filter, limit } } }))).items,
    enabled,
  });
}

export function RecentExecutions({ filter, empty, limit }: { filter: RecentFilter; empty: string; limit?: number }) {
  const { data } = useRecent(filter, limit);
  if (!data) return <SkeletonRows count={3} />;
  if (data.length === 0) return <p className="px-4 py-8 text-center text-soft">{empty}</p>;
  return <ExecutionRows rows={data} />;
}

/** A few executions, one a line. */
export function ExecutionRows({ rows, reason }: { rows: ExecutionSummary[]; reason?: boolean }) {
  const t = useTranslations('origins');
  return (
    <ul className="divide-y divide-border">
      {rows.map((one) => (
        <li key={one.id} className="flex items-center gap-3 px-4 py-2.5 hover:bg-muted/60">
          <div className="min-w-0 flex-1">
            <Link href={`/executions/${one.id}`} className="block truncate font-medium hover:text-accent hover:underline">
              {one.packageName}
            </Link>
            <p className="truncate text-xs text-soft">{reason && one.errorMessage ? one.errorMessage : `${one.versionNumber} · ${t(one.origin.kind as 'manual')}`}</p>
          </div>
          <Ago at={one.createdAt} className="hidden text-xs whitespace-nowrap text-soft sm:inline" />
          <StateBadge state={one.state} />
        </li>
      ))}
    </ul>
  );
}
