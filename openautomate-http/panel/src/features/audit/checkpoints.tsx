'use client';

import { useQuery } from '@tanstack/react-query';
import { ShieldCheck, ShieldQuestion, ShieldX, Stamp } from 'lucide-react';
import { useTranslations } from 'use-intl';
import type { AuditCheckpoint, AuditReport } from '@/api/types';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Badge } from '@/components/ui/badge';
import { Card } from '@/components/ui/card';
import { CopyButton } from '@/components/ui/copy-button';
import { Empty } from '@/components/ui/empty';
import { Facts } from '@/components/ui/facts';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { keys } from '@/lib/query';
import '@/messages/audit';

/** How many the server gives at once, and how many are shown. */
const PAGE = 200;
const MOST = 1_000;
/** What tells keys and hashes apart at a glance. */
const SHORT = 12;

/** All checkpoints, the newest first. */
function useCheckpoints() {
  return useQuery({
    queryKey: [...keys.audit, 'checkpoints'],
    queryFn: async () => {
      const found: AuditCheckpoint[] = [];
      let page: AuditCheckpoint[];
      do {
        page = (await got(api.GET('/api/audit/checkpoints', { params: { query: { after: found.at(-1)?.sequence ?? 0 } } }))).items;
        found.push(...page);
      } while (page.length === PAGE && found.length < MOST);
      return found.reverse();
    },
  });
}

/** Whether the chain is whole, and the signed checkpoints of it. */
export function Checkpoints({ report }: { report: AuditReport | undefined }) {
  const t = useTranslations('audit.chain');
  const { data, error, refetch } = useCheckpoints();
  /** Whether a checkpoint was found right; unknown before somebody looked. */
  const agrees = (one: AuditCheckpoint) => report && (report.ok || one.sequence < (report.firstBad?.sequence ?? 0));
  return (
    <div className="grid gap-4">
      <Card>
        <Verdict report={report} />
      </Card>
      <Card title={t('checkpoints')} flush>
        {error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : !data ? (
          <SkeletonRows count={3} />
        ) : data.length === 0 ? (
          <Empty icon={Stamp} title={t('none')} text={t('noneText')} />
        ) : (
          <Table
            label={t('checkpoints')}
            rows={data}
            rowKey={(one) => String(one.sequence)}
            columns={[
              { id: 'sequence', header: t('sequence'), className: 'tabular-nums', cell: (one) => one.sequence.toLocaleString('en') },
              { id: 'made', header: t('made'), className: 'whitespace-nowrap', cell: (one) => <Ago at={one.madeAt} /> },
              { id: 'hash', header: t('hash'), className: 'hidden md:table-cell', cell: (one) => <Fingerprint text={one.hash} /> },
              { id: 'key', header: t('key'), className: 'hidden sm:table-cell', cell: (one) => <Fingerprint text={one.key} /> },
              { id: 'signature', header: t('signature'), className: 'hidden lg:table-cell', cell: (one) => <Fingerprint text={one.signature} /> },
              {
                id: 'state',
                header: t('state'),
                cell: (one) =>
                  report === undefined ? <Badge>{t('unverified')}</Badge> : agrees(one) ? <Badge tone="good">{t('agrees')}</Badge> : <Badge tone="bad">{t('disagrees')}</Badge>,
              },
            ]}
          />
        )}
      </Card>
    </div>
  );
}

/** What the last look at the chain found. */
function Verdict({ report }: { report: AuditReport | undefined }) {
  const t = useTranslations('audit.chain');
  if (!report) {
    return (
      <p className="flex items-start gap-2.5">
        <ShieldQuestion className="mt-0.5 size-4 shrink-0 text-soft" aria-hidden />
        <span>{t('text')}</span>
      </p>
    );
  }
  const { ok, verified, checkpoints, firstBad, head } = report;
  const Icon = ok ? ShieldCheck : ShieldX;
  return (
    <div className="grid gap-4" role="status">
      <p className={`flex items-start gap-2.5 font-medium ${ok ? 'text-good' : 'text-bad'}`}>
        <Icon className="mt-0.5 size-4 shrink-0" aria-hidden />
        <span>
          {ok ? t('whole') : t('broken', { sequence: firstBad?.sequence ?? 0 })}
          {firstBad && <span className="block font-normal break-words text-text first-letter:uppercase">{firstBad.reason}</span>}
        </span>
      </p>
      <Facts
        items={[
          [t('verified'), verified.toLocaleString('en')],
          [t('agreeing'), checkpoints.toLocaleString('en')],
          [t('head'), head.sequence.toLocaleString('en')],
          [t('headHash'), <Fingerprint key="head" text={head.hash} />],
        ]}
      />
    </div>
  );
}

/** The beginning of something long that is compared elsewhere; the whole is copied. */
function Fingerprint({ text }: { text: string }) {
  return (
    <span className="flex items-center gap-1">
      <code className="font-mono text-xs" title={text}>
        {text.slice(0, SHORT)}…
      </code>
      <CopyButton text={text} />
    </span>
  );
}
