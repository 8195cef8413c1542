'use client';

import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { ScrollText, ShieldCheck, ShieldX } from 'lucide-react';
import { parseAsString, useQueryStates } from 'nuqs';
import { useDeferredValue, useState } from 'react';
import { useTranslations } from 'use-intl';
import type { AuditEntry } from '@/api/types';
import { Json } from '@/components/json';
import { Page } from '@/components/page';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Dialog } from '@/components/ui/dialog';
import { Empty } from '@/components/ui/empty';
import { Facts } from '@/components/ui/facts';
import { Failure } from '@/components/ui/failure';
import { Input } from '@/components/ui/field';
import { SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { keys, reason } from '@/lib/query';
import { short } from '@/lib/short';
import { exact } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/audit';
import { ExportMenu } from './export-menu';

/** The beginning of a day, or of one that is so many later, in the zone of the machine. */
function midnight(day: string, later: number): string {
  const at = new Date(`${day}T00:00`);
  at.setDate(at.getDate() + later);
  return at.toISOString();
}

/** Who asked for which change, and whether the chain of it is whole. */
export function Audit() {
  const t = useTranslations('audit');
  const [filter, setFilter] = useQueryStates(
    { action: parseAsString.withDefault(''), object: parseAsString.withDefault(''), from: parseAsString.withDefault(''), to: parseAsString.withDefault('') },
    { history: 'replace' },
  );
  const asked = useDeferredValue(filter);
  const [shown, setShown] = useState<AuditEntry>();
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: [...keys.audit, asked],
    queryFn: ({ pageParam }) =>
      got(
        api.GET('/api/audit', {
          params: {
            query: {
              limit: 100,
              ...(pageParam ? { cursor: pageParam } : {}),
              ...(asked.action ? { action: asked.action } : {}),
              ...(asked.object ? { objectId: asked.object } : {}),
              ...(asked.from ? { from: midnight(asked.from, 0) } : {}),
              ...(asked.to ? { to: midnight(asked.to, 1) } : {}),
            },
          },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const verify = useMutation({
    mutationFn: () => got(api.GET('/api/audit/verify', {})),
    onSuccess: ({ ok, verified, firstBad }) => {
      if (ok) toast.success(t('whole', { count: verified }), { icon: <ShieldCheck className="size-4" /> });
      else toast.error(t('broken', { sequence: firstBad?.sequence ?? 0 }), { description: firstBad?.reason, icon: <ShieldX className="size-4" />, duration: Infinity });
    },
    onError: (failure) => toast.error(reason(failure)),
  });
  const rows = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page
      name={t('title')}
      title={t('title')}
      actions={
        <>
          <ExportMenu from={filter.from ? midnight(filter.from, 0) : undefined} to={filter.to ? midnight(filter.to, 1) : undefined} />
          <Button busy={verify.isPending} onClick={() => verify.mutate()}>
            <ShieldCheck aria-hidden /> {t('verify')}
          </Button>
        </>
      }
    >
      <div role="search" className="grid gap-2 min-[30rem]:grid-cols-2 sm:flex sm:flex-wrap">
        <Input data-search aria-label={t('action')} placeholder={t('actionHint')} className="sm:w-52" value={filter.action} onChange={(event) => void setFilter({ action: event.target.value || null })} />
        <Input aria-label={t('object')} placeholder={t('objectHint')} className="sm:w-52" value={filter.object} onChange={(event) => void setFilter({ object: event.target.value || null })} />
        {(['from', 'to'] as const).map((end) => (
          <label key={end} className="flex items-center gap-2 text-soft">
            <span className="w-8 shrink-0 sm:w-auto">{t(end)}</span>
            <Input type="date" className="min-w-0 sm:w-40" value={filter[end]} onChange={(event) => void setFilter({ [end]: event.target.value || null })} />
          </label>
        ))}
      </div>
      <Card flush>
        {isPending ? (
          <SkeletonRows count={8} />
        ) : error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : rows.length === 0 ? (
          <Empty icon={ScrollText} title={t('none')} text={t('noneText')} />
        ) : (
          <>
            <Table
              label={t('title')}
              rows={rows}
              rowKey={(entry) => entry.id}
              columns={[
                { id: 'at', header: t('at'), className: 'whitespace-nowrap', cell: (entry) => <Ago at={entry.at} /> },
                { id: 'actor', header: t('actor'), cell: (entry) => entry.actor.name },
                {
                  id: 'action',
                  header: t('action'),
                  cell: (entry) => (
                    <button type="button" className="font-mono text-[0.8125rem] text-accent hover:underline" onClick={() => setShown(entry)}>
                      {entry.action}
                    </button>
                  ),
                },
                {
                  id: 'object',
                  header: t('object'),
                  className: 'hidden text-soft md:table-cell',
                  cell: (entry) => (
                    <>
                      {entry.objectKind} <code className="font-mono text-xs">{short(entry.objectId)}</code>
                    </>
                  ),
                },
                { id: 'address', header: t('address'), className: 'hidden text-soft lg:table-cell', cell: (entry) => entry.ipAddress ?? '–' },
              ]}
            />
            {hasNextPage && (
              <div className="border-t border-border p-3 text-center">
                <Button kind="ghost" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                  {t('more')}
                </Button>
              </div>
            )}
          </>
        )}
      </Card>
      {shown && (
        <Dialog open wide onOpenChange={() => setShown(undefined)} title={shown.action} description={exact(shown.at)}>
          <div className="grid gap-4 pb-4">
            <Facts
              items={[
                [t('actor'), shown.actor.name],
                [t('object'), `${shown.objectKind} ${shown.objectId}`],
                [t('address'), shown.ipAddress ?? '–'],
                [t('request'), shown.requestId ?? '–'],
                [t('seal'), shown.seal ? `${shown.seal.sequence} · ${shown.seal.hash.slice(0, 12)}` : t('notSealed')],
              ]}
            />
            <Json value={shown.detail} empty={t('noDetail')} />
          </div>
        </Dialog>
      )}
    </Page>
  );
}
