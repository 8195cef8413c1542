'use client';

import { createColumnHelper, FlexRender, tableFeatures, useTable, type Row } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useMemo, useRef } from 'react';
import { useTranslations } from 'use-intl';
import type { ExecutionSummary } from '@/api/types';
import { StateBadge, isEnded } from '@/components/state-badge';
import { Ago } from '@/components/ui/ago';
import { Skeleton } from '@/components/ui/skeleton';
import { useAgents, useEnvironments, useNames } from '@/lib/lists';
import { Link } from '@/lib/nav';
import { duration } from '@/lib/time';
import '@/messages/executions';
import '@/messages/origins';
import { Running } from './running';

const ROW = 48;
/** The next window is asked for when so many rows are left. */
const AHEAD = 30;

const features = tableFeatures({});
const helper = createColumnHelper<typeof features, ExecutionSummary>();

interface GridProps {
  rows: ExecutionSummary[];
  chosen: ReadonlySet<string>;
  onToggle: (id: string) => void;
  onToggleAll: () => void;
  hasMore: boolean;
  onMore: () => void;
}

/** The columns' widths; on a phone a row shows its state, name and time alone. */
const COLUMNS =
  'grid grid-cols-[2.25rem_minmax(0,1fr)_7.5rem] items-center gap-x-3 px-3 sm:grid-cols-[2.25rem_minmax(0,1.6fr)_8rem_7rem] lg:grid-cols-[2.25rem_minmax(0,1.6fr)_8rem_minmax(0,1fr)_minmax(0,1fr)_7rem_6rem]';

/** Executions, as many as there are: rows are drawn when they are seen. */
export function ExecutionGrid({ rows, chosen, onToggle, onToggleAll, hasMore, onMore }: GridProps) {
  const t = useTranslations('executions');
  const box = useRef<HTMLDivElement>(null);
  const agentName = useNames(useAgents().data);
  const environmentName = useNames(useEnvironments().data);

  const columns = useMemo(
    () =>
      helper.columns([
        helper.display({
          id: 'choose',
          header: () => (
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              aria-label={t('chooseAll')}
              checked={rows.length > 0 && chosen.size >= rows.length}
              onChange={onToggleAll}
            />
          ),
          cell: ({ row }) => (
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              aria-label={t('choose', { name: row.original.packageName })}
              checked={chosen.has(row.original.id)}
              onChange={() => onToggle(row.original.id)}
            />
          ),
        }),
        helper.accessor('packageName', { header: t('package'), cell: ({ row }) => <Name execution={row.original} /> }),
        helper.accessor('state', { header: t('state'), cell: ({ row }) => <State execution={row.original} /> }),
        helper.accessor('botAgentId', {
          header: t('agent'),
          cell: ({ getValue }) => <span className="block truncate text-soft">{agentName(getValue())}</span>,
        }),
        helper.accessor('environmentId', {
          header: t('environment'),
          cell: ({ getValue }) => <span className="block truncate text-soft">{environmentName(getValue())}</span>,
        }),
        helper.accessor('createdAt', { header: t('created'), cell: ({ getValue }) => <Ago at={getValue()} className="text-soft" /> }),
        helper.display({ id: 'duration', header: t('duration'), cell: ({ row }) => <Took execution={row.original} /> }),
      ]),
    [agentName, chosen, environmentName, onToggle, onToggleAll, rows.length, t],
  );
  const table = useTable({ features, columns, data: rows, getRowId: (row) => row.id });
  const model = table.getRowModel().rows;

  const virtual = useVirtualizer({
    count: model.length + (hasMore ? 1 : 0),
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const drawn = virtual.getVirtualItems();
  const last = drawn.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= model.length - AHEAD) onMore();
  }, [hasMore, last, model.length, onMore]);

  return (
    <div
      ref={box}
      role="table"
      aria-label={t('title')}
      aria-rowcount={hasMore ? -1 : model.length + 1}
      tabIndex={0}
      className="max-h-[max(20rem,calc(100dvh-15rem))] overflow-y-auto rounded-lg outline-offset-[-2px]"
    >
      <div role="rowgroup" className="sticky top-0 z-10 rounded-t-lg border-b border-border bg-surface">
        {table.getHeaderGroups().map((group) => (
          <div role="row" key={group.id} className={`${COLUMNS} h-9 text-xs font-medium text-soft`}>
            {group.headers.map((header) => (
              <div role="columnheader" key={header.id} className={hiding(header.column.id)}>
                <FlexRender header={header} />
              </div>
            ))}
          </div>
        ))}
      </div>
      <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
        {drawn.map((item) => {
          const row = model[item.index];
          return (
            <div
              role="row"
              key={row?.id ?? 'more'}
              aria-rowindex={item.index + 2}
              className={`${COLUMNS} absolute inset-x-0 border-b border-border hover:bg-muted/60`}
              style={{ height: ROW, transform: `translateY(${item.start}px)` }}
            >
              {row ? (
                <Cells row={row} columns={columns} />
              ) : (
                <div role="cell" className="col-span-full">
                  <Skeleton className="h-5" />
                </div>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The cells of a row; not drawn anew when it is scrolled, but with what stands in it or in the columns. */
const Cells = memo(function Cells({ row }: { row: Row<typeof features, ExecutionSummary>; columns: unknown }) {
  return row.getAllCells().map((cell) => (
    <div role="cell" key={cell.id} className={hiding(cell.column.id)}>
      <FlexRender cell={cell} />
    </div>
  ));
});

function hiding(column: string): string {
  if (column === 'choose') return 'flex items-center';
  if (column === 'botAgentId' || column === 'environmentId' || column === 'duration') return 'hidden min-w-0 lg:block';
  if (column === 'createdAt') return 'hidden sm:block';
  return 'min-w-0';
}

function Name({ execution }: { execution: ExecutionSummary }) {
  const t = useTranslations('origins');
  return (
    <div className="min-w-0">
      <Link href={`/executions/${execution.id}`} className="block truncate font-medium hover:text-accent hover:underline">
        {execution.packageName}
      </Link>
      <p className="truncate text-xs text-soft">
        {execution.versionNumber} · {t(execution.origin.kind as 'manual')}
        <span className="sm:hidden">
          {' · '}
          <Ago at={execution.createdAt} />
        </span>
      </p>
    </div>
  );
}

function State({ execution }: { execution: ExecutionSummary }) {
  const { progress, state } = execution;
  return (
    <div className="grid justify-items-start gap-1">
      <StateBadge state={state} />
      {progress && state === 'Running' && (
        <div className="h-1 w-24 overflow-hidden rounded-full bg-muted" title={progress.message ?? undefined}>
          <div className="h-full bg-info" style={{ width: `${Math.round(progress.fraction * 100)}%` }} />
        </div>
      )}
    </div>
  );
}

function Took({ execution }: { execution: ExecutionSummary }) {
  const { startTime, endTime, state } = execution;
  if (!startTime) return <span className="text-soft">–</span>;
  if (endTime) return <span className="text-soft tabular-nums">{duration(Date.parse(endTime) - Date.parse(startTime))}</span>;
  return isEnded(state) ? <span className="text-soft">–</span> : <Running since={startTime} />;
}
