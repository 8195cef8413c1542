'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { PauseCircle, PlayCircle } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Environment } from '@/api/types';
import { Table } from '@/components/table';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { useEnvironments, useMayIn } from '@/lib/lists';
import { keys, reason } from '@/lib/query';
import { exact } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/settings';

const PauseDialog = dynamic(() => import('./pause-dialog').then((module) => module.PauseDialog), { ssr: false });

/** The environments, and whether anything is started in them. */
export function Environments() {
  const t = useTranslations('settings');
  const client = useQueryClient();
  const { data } = useEnvironments();
  const [pausing, setPausing] = useState<Environment>();
  const mayPauseIn = useMayIn('PauseEnvironments');
  const resume = useMutation({
    mutationFn: ({ id }: Environment) => got(api.POST('/api/environments/{id}/resume', { params: { path: { id } } })),
    onSuccess: ({ name }) => toast.success(t('resumed', { name })),
    onError: (error) => toast.error(reason(error)),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.environments }),
  });
  if (!data) return <SkeletonRows count={3} />;
  return (
    <>
      <Table
        label={t('environments')}
        rows={data}
        rowKey={(one) => one.id}
        columns={[
          {
            id: 'name',
            header: t('name'),
            cell: (one) => (
              <span className="flex items-center gap-2 font-medium">
                {one.name} {one.isDefault && <Badge tone="info">{t('standard')}</Badge>}
              </span>
            ),
          },
          {
            id: 'state',
            header: t('state'),
            cell: ({ pause }) =>
              pause ? (
                <div className="max-w-64">
                  <p className="truncate text-warn" title={pause.reason}>
                    {t('paused', { reason: pause.reason })}
                  </p>
                  {pause.until && <p className="truncate text-xs text-soft">{t('until', { at: exact(pause.until) })}</p>}
                </div>
              ) : (
                <span className="text-soft">{t('active')}</span>
              ),
          },
          { id: 'eyes', header: t('deployments'), className: 'hidden md:table-cell', cell: (one) => (one.fourEyes ? t('fourEyes') : t('twoEyes')) },
          { id: 'most', header: t('most'), className: 'hidden tabular-nums lg:table-cell', cell: (one) => one.maxConcurrent ?? t('noLimit') },
          {
            id: 'actions',
            header: <span className="sr-only">{t('actions')}</span>,
            className: 'w-0 text-right',
            cell: (one) =>
              mayPauseIn(one.id) &&
              (one.pause ? (
                <Button size="sm" disabled={resume.isPending} onClick={() => resume.mutate(one)}>
                  <PlayCircle aria-hidden /> {t('resume')}
                  <span className="sr-only"> {one.name}</span>
                </Button>
              ) : (
                <Button size="sm" onClick={() => setPausing(one)}>
                  <PauseCircle aria-hidden /> {t('pause')}
                  <span className="sr-only"> {one.name}</span>
                </Button>
              )),
          },
        ]}
      />
      {pausing && <PauseDialog environment={pausing} onClose={() => setPausing(undefined)} />}
    </>
  );
}
