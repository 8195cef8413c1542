'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Activity, Ban, Columns2, Play, RotateCcw, X } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useCallback, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Page } from '@/components/page';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Confirm } from '@/components/ui/confirm';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { useMay } from '@/lib/lists';
import { useGo } from '@/lib/nav';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/executions';
import { FilterBar } from './filter-bar';
import { useExecutionFilter, useExecutions, useExecutionView, useSelection, VIEWS } from './list';
import { SavedFilters } from './saved-filters';

const ExecutionGrid = dynamic(() => import('./grid').then((module) => module.ExecutionGrid), { ssr: false, loading: () => <SkeletonRows count={10} /> });
const Timeline = dynamic(() => import('./timeline').then((module) => module.Timeline), { ssr: false, loading: () => <SkeletonRows /> });
const RunDialog = dynamic(() => import('../run/run-dialog').then((module) => module.RunDialog), { ssr: false });

export function Executions() {
  const t = useTranslations('executions');
  const [filter, setFilter] = useExecutionFilter();
  const [view, setView] = useExecutionView();
  const { rows, isPending, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useExecutions(filter);
  const { chosen, toggle, clear, set } = useSelection();
  const [running, setRunning] = useState(false);
  const mayRun = useMay('RunExecutions');
  const isFiltered = filter.state.length > 0 || Boolean(filter.package || filter.agent || filter.schedule);
  const more = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, isFetchingNextPage]);
  const toggleAll = useCallback(() => {
    if (chosen.size >= rows.length) clear();
    else set(rows.map((row) => row.id));
  }, [chosen.size, clear, rows, set]);

  return (
    <Page
      name={t('title')}
      title={t('title')}
      actions={
        mayRun && (
          <Button kind="primary" onClick={() => setRunning(true)}>
            <Play aria-hidden /> {t('run')}
          </Button>
        )
      }
    >
      {chosen.size > 0 ? (
        <BulkBar chosen={chosen} onDone={clear} />
      ) : (
        <div className="flex flex-wrap items-center justify-between gap-2">
          <FilterBar filter={filter} onChange={(part) => void setFilter(part)} />
          <div className="flex flex-wrap items-center gap-2">
            <SavedFilters filter={filter} isSet={isFiltered} onOpen={(saved) => void setFilter(saved)} />
            <div role="group" aria-label={t('views.label')} className="flex rounded-md border border-border bg-surface p-0.5">
              {VIEWS.map((one) => (
                <Button key={one} kind="ghost" size="sm" aria-pressed={view === one} className={view === one ? 'h-7 bg-muted' : 'h-7 text-soft'} onClick={() => void setView(one)}>
                  {t(`views.${one}`)}
                </Button>
              ))}
            </div>
          </div>
        </div>
      )}
      <Card flush>
        {isPending ? (
          <SkeletonRows count={10} />
        ) : error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : rows.length === 0 ? (
          <Empty icon={Activity} title={isFiltered ? t('noneMatch') : t('none')} text={isFiltered ? t('noneMatchText') : t('noneText')}>
            {!isFiltered && mayRun && (
              <Button kind="primary" onClick={() => setRunning(true)}>
                <Play aria-hidden /> {t('run')}
              </Button>
            )}
          </Empty>
        ) : view === 'timeline' ? (
          <Timeline rows={rows} hasMore={hasNextPage} busy={isFetchingNextPage} onMore={more} />
        ) : (
          <ExecutionGrid rows={rows} chosen={chosen} onToggle={toggle} onToggleAll={toggleAll} hasMore={hasNextPage} onMore={more} />
        )}
      </Card>
      {running && <RunDialog onClose={() => setRunning(false)} />}
    </Page>
  );
}

/** What can be done with all that is ticked. */
function BulkBar({ chosen, onDone }: { chosen: ReadonlySet<string>; onDone: () => void }) {
  const t = useTranslations('executions');
  const go = useGo();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const mayCancel = useMay('CancelExecutions');
  const mayRun = useMay('RunExecutions');
  const act = useMutation({
    mutationFn: (what: 'cancel' | 'retry') => {
      const select = { ids: [...chosen] };
      return what === 'cancel'
        ? got(api.POST('/api/executions/cancel', { body: { select } }))
        : got(api.POST('/api/executions/retry', { body: { select } }));
    },
    onSuccess: ({ done, refused }, what) => {
      const told = t(what === 'cancel' ? 'cancelled' : 'retried', { count: done.length });
      if (refused.length > 0) toast.warning(told, { description: t('refused', { count: refused.length, why: refused[0]?.detail ?? '' }) });
      else toast.success(told);
      onDone();
    },
    onError: (error) => toast.error(reason(error)),
    onSettled: () => {
      setAsking(false);
      void client.invalidateQueries({ queryKey: keys.executions });
    },
  });
  return (
    <div role="toolbar" aria-label={t('bulk')} className="flex min-h-9 flex-wrap items-center gap-2">
      <p className="mr-1 font-medium">{t('chosen', { count: chosen.size })}</p>
      {chosen.size === 2 && (
        <Button onClick={() => go(`/executions/compare?of=${[...chosen].join(',')}`)}>
          <Columns2 aria-hidden /> {t('compare')}
        </Button>
      )}
      {mayCancel && (
        <Button kind="danger" onClick={() => setAsking(true)}>
          <Ban aria-hidden /> {t('cancel')}
        </Button>
      )}
      {mayRun && (
        <Button busy={act.isPending} onClick={() => act.mutate('retry')}>
          <RotateCcw aria-hidden /> {t('runAgain')}
        </Button>
      )}
      <Button kind="ghost" onClick={onDone}>
        <X aria-hidden /> {t('chooseNone')}
      </Button>
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={t('cancelMany', { count: chosen.size })}
        text={t('cancelText')}
        action={t('cancel')}
        busy={act.isPending}
        onConfirm={() => act.mutate('cancel')}
      />
    </div>
  );
}
