'use client';

import { useMutation } from '@tanstack/react-query';
import { ShieldCheck, ShieldX } from 'lucide-react';
import dynamic from 'next/dynamic';
import { parseAsString, parseAsStringLiteral, useQueryState, useQueryStates } from 'nuqs';
import { useTranslations } from 'use-intl';
import { Page } from '@/components/page';
import { Button } from '@/components/ui/button';
import { SkeletonRows } from '@/components/ui/skeleton';
import { Tabs } from '@/components/ui/tabs';
import { api, got } from '@/lib/api';
import { reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/audit';
import { midnight } from './days';
import { Entries } from './entries';
import { ExportMenu } from './export-menu';

const Checkpoints = dynamic(() => import('./checkpoints').then((module) => module.Checkpoints), { ssr: false, loading: () => <SkeletonRows count={4} /> });

const TABS = ['entries', 'chain'] as const;

/** Who asked for which change, and whether the chain of it is whole. */
export function Audit() {
  const t = useTranslations('audit');
  const [tab, setTab] = useQueryState('tab', parseAsStringLiteral(TABS).withDefault('entries'));
  const [filter, setFilter] = useQueryStates(
    { action: parseAsString.withDefault(''), object: parseAsString.withDefault(''), from: parseAsString.withDefault(''), to: parseAsString.withDefault('') },
    { history: 'replace' },
  );
  const verify = useMutation({
    mutationFn: () => got(api.GET('/api/audit/verify', {})),
    onSuccess: ({ ok, verified, firstBad }) => {
      if (ok) toast.success(t('whole', { count: verified }), { icon: <ShieldCheck className="size-4" /> });
      else toast.error(t('broken', { sequence: firstBad?.sequence ?? 0 }), { description: firstBad?.reason, icon: <ShieldX className="size-4" />, duration: Infinity });
    },
    onError: (failure) => toast.error(reason(failure)),
  });
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
      <Tabs
        value={tab}
        onChange={(value) => void setTab(value as (typeof TABS)[number])}
        tabs={[
          { id: 'entries', label: t('entries'), content: <Entries filter={filter} onFilter={(part) => void setFilter(part)} /> },
          { id: 'chain', label: t('chain.title'), content: <Checkpoints report={verify.data} /> },
        ]}
      />
    </Page>
  );
}
