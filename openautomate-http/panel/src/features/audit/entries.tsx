'use client';

import { useInfiniteQuery } from '@tanstack/react-query';
import { ScrollText } from 'lucide-react';
import { useDeferredValue, useState } from 'react';
import { useTranslations } from 'use-intl';
import type { AuditEntry } from '@/api/types';
import { Json } from '@/components/json';
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
import { keys } from '@/lib/query';
import { short } from '@/lib/short';
import { exact } from '@/lib/time';
import '@/messages/audit';
import { midnight } from './days';

export interface AuditFilter {
  action: string;
  object: string;
  from: string;
  to: string;
}

/** What things are called that the audit is about; a kind that the server adds is shown as it says it. */
const KINDS = [
  'agent',
  'agentPool',
  'agentRelease',
  'agentRollout',
  'apiKey',
  'approval',
  'asset',
  'audit',
  'bucket',
  'calendar',
  'enrolmentToken',
  'environment',
  'execution',
  'file',
  'invitation',
  'package',
  'packageVersion',
  'role',
  'schedule',
  'session',
  'trigger',
  'user',
  'vaultKey',
  'workItem',
  'workQueue',
] as const;

const isKind = (kind: string): kind is (typeof KINDS)[number] => (KINDS as readonly string[]).includes(kind);

interface EntriesProps {
  filter: AuditFilter;
  onFilter: (part: Partial<AuditFilter>) => void;
}

/** Who asked for which change. */
export function Entries({ filter, onFilter }: EntriesProps) {
  const t = useTranslations('audit');
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
  const kindName = (kind: string) => (isKind(kind) ? t(`kinds.${kind}`) : kind);
  const rows = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
      <div role="search" className="grid gap-2 min-[30rem]:grid-cols-2 sm:flex sm:flex-wrap">
        <Input data-search aria-label={t('action')} placeholder={t('actionHint')} className="sm:w-52" value={filter.action} onChange={(event) => onFilter({ action: event.target.value })} />
        <Input aria-label={t('object')} placeholder={t('objectHint')} className="sm:w-52" value={filter.object} onChange={(event) => onFilter({ object: event.target.value })} />
        {(['from', 'to'] as const).map((end) => (
          <label key={end} className="flex items-center gap-2 text-soft">
            <span className="w-8 shrink-0 sm:w-auto">{t(end)}</span>
            <Input type="date" className="min-w-0 sm:w-40" value={filter[end]} onChange={(event) => onFilter({ [end]: event.target.value })} />
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
                { id: 'at', header: t('at'), className: 'hidden whitespace-nowrap sm:table-cell', cell: (entry) => <Ago at={entry.at} /> },
                { id: 'actor', header: t('actor'), className: 'hidden sm:table-cell', cell: (entry) => entry.actor.name },
                {
                  id: 'action',
                  header: t('action'),
                  cell: (entry) => (
                    <>
                      <button type="button" className="text-left font-mono text-[0.8125rem] break-all text-accent hover:underline" onClick={() => setShown(entry)}>
                        {entry.action}
                      </button>
                      <p className="mt-0.5 text-xs text-soft sm:hidden">
                        {entry.actor.name} · <Ago at={entry.at} />
                      </p>
                    </>
                  ),
                },
                {
                  id: 'object',
                  header: t('object'),
                  className: 'hidden text-soft md:table-cell',
                  cell: (entry) => (
                    <>
                      {kindName(entry.objectKind)} <code className="font-mono text-xs">{short(entry.objectId)}</code>
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
                [t('object'), `${kindName(shown.objectKind)} ${shown.objectId}`],
                [t('address'), shown.ipAddress ?? '–'],
                [t('request'), shown.requestId ?? '–'],
                [t('seal'), shown.seal ? `${shown.seal.sequence} · ${shown.seal.hash.slice(0, 12)}` : t('notSealed')],
              ]}
            />
            <Json value={shown.detail} empty={t('noDetail')} />
          </div>
        </Dialog>
      )}
    </div>
  );
}
