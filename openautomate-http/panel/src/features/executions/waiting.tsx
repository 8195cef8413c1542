'use client';

import { useQuery } from '@tanstack/react-query';
import { Hourglass } from 'lucide-react';
import { useTranslations } from 'use-intl';
import type { Execution } from '@/api/types';
import { api, got } from '@/lib/api';
import { keys } from '@/lib/query';
import '@/messages/execution';

/** The reasons may change without the execution: an agent comes, a slot is free. */
const AGAIN = 5_000;

/** Why an execution has not begun, in the server's own words. */
export function Waiting({ execution }: { execution: Execution }) {
  const t = useTranslations('execution');
  const waits = execution.state === 'Pending' || execution.state === 'Waiting';
  const { data } = useQuery({
    queryKey: [...keys.execution(execution.id), 'explain', execution.state],
    queryFn: () => got(api.GET('/api/executions/{id}/explain', { params: { path: { id: execution.id } } })),
    enabled: waits,
    refetchInterval: AGAIN,
  });
  if (!waits || !data?.reasons.length) return null;
  return (
    <section className="flex gap-3 rounded-lg border border-warn/35 bg-warn-soft p-4">
      <Hourglass className="mt-0.5 size-4 shrink-0 text-warn" aria-hidden />
      <div>
        <h2 className="font-semibold text-warn">{t('waits')}</h2>
        <ul className="mt-1 grid gap-1">
          {data.reasons.map((reason, index) => (
            <li key={index}>{reason.message}</li>
          ))}
        </ul>
      </div>
    </section>
  );
}
