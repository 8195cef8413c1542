'use client';

import { useMemo } from 'react';
import { useTranslations } from 'use-intl';
import type { ExecutionState, ExecutionSummary } from '@/api/types';
import { Button } from '@/components/ui/button';
import { cn } from '@/lib/cn';
import { useAgents, useNames } from '@/lib/lists';
import { Link } from '@/lib/nav';
import { duration, exact, useNow } from '@/lib/time';
import '@/messages/executions';
import '@/messages/states';
import { lanesOf } from './lanes';

const COLOURS: Record<ExecutionState, string> = {
  Pending: 'bg-border-strong',
  Assigned: 'bg-info',
  Running: 'bg-info',
  Waiting: 'bg-warn',
  Succeeded: 'bg-good',
  Failed: 'bg-bad',
  Cancelled: 'bg-border-strong',
  TimedOut: 'bg-bad',
};
/** Marks of time over the bars. */
const MARKS = [0, 0.25, 0.5, 0.75];

interface TimelineProps {
  rows: ExecutionSummary[];
  hasMore: boolean;
  busy: boolean;
  onMore: () => void;
}

/** What ran when, by agent. */
export function Timeline({ rows, hasMore, busy, onMore }: TimelineProps) {
  const t = useTranslations('executions.timeline');
  const states = useTranslations('states');
  const agentName = useNames(useAgents().data);
  // Bars that grow are drawn every five seconds.
  const now = Math.ceil(useNow() / 5_000) * 5_000;
  const lanes = useMemo(() => lanesOf(rows, now), [rows, now]);
  if (!lanes) return <p className="px-4 py-10 text-center text-soft">{t('none')}</p>;
  const span = lanes.to - lanes.from;
  const mark = new Intl.DateTimeFormat(undefined, { ...(span > 86_400_000 ? { day: 'numeric', month: 'short' } : {}), hour: '2-digit', minute: '2-digit', ...(span < 600_000 ? { second: '2-digit' } : {}) });
  const count = lanes.agents.reduce((sum, agent) => sum + agent.lanes.flat().length, 0);
  const shown = new Set(lanes.agents.flatMap((agent) => agent.lanes.flat().map(({ one }) => one.state)));
  return (
    <div className="grid gap-3 p-4">
      <p className="text-soft">{t('told', { count, from: exact(new Date(lanes.from)), to: exact(new Date(lanes.to)) })}</p>
      <div role="region" aria-label={t('title')} tabIndex={0} className="overflow-x-auto">
        <div className="grid grid-cols-[5rem_minmax(0,1fr)] gap-x-3 sm:min-w-[40rem] sm:grid-cols-[8rem_minmax(0,1fr)]">
          <span />
          <div className="relative mb-1 h-5 text-xs text-soft tabular-nums" aria-hidden>
            {MARKS.map((part, index) => (
              <span key={part} className={cn('absolute border-l border-border pl-1', index % 2 === 1 && 'hidden sm:inline')} style={{ left: `${part * 100}%` }}>
                {mark.format(lanes.from + part * span)}
              </span>
            ))}
          </div>
          {lanes.agents.map(({ id, lanes: rowsOf }) => (
            <div key={id} className="col-span-2 grid grid-cols-subgrid border-t border-border py-2">
              <span className="truncate leading-6 font-medium">{id ? agentName(id) : t('noAgent')}</span>
              <div className="grid gap-1">
                {rowsOf.map((bars, lane) => (
                  <div key={lane} className="relative h-6 rounded-sm bg-muted/50">
                    {bars.map(({ one, start, length, ms }) => {
                      const told = t('bar', { name: one.packageName, state: states(one.state), from: exact(one.startTime ?? ''), duration: duration(ms) });
                      return (
                        <Link
                          key={one.id}
                          href={`/executions/${one.id}`}
                          title={told}
                          aria-label={told}
                          className={cn('absolute inset-y-0.5 min-w-1.5 rounded-xs hover:brightness-110', COLOURS[one.state])}
                          style={{ left: `min(${start * 100}%, calc(100% - 0.375rem))`, width: `${length * 100}%` }}
                        />
                      );
                    })}
                  </div>
                ))}
              </div>
            </div>
          ))}
        </div>
      </div>
      <ul className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-soft">
        {[...shown].map((state) => (
          <li key={state} className="flex items-center gap-1.5">
            <span className={cn('size-3 rounded-xs', COLOURS[state])} aria-hidden />
            {states(state)}
          </li>
        ))}
      </ul>
      {hasMore && (
        <div className="text-center">
          <Button kind="ghost" busy={busy} onClick={onMore}>
            {t('older')}
          </Button>
        </div>
      )}
    </div>
  );
}
