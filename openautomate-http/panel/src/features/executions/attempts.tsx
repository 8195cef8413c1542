'use client';

import { RefreshCw } from 'lucide-react';
import { useTranslations } from 'use-intl';
import type { Attempt } from '@/api/types';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Badge, type Tone } from '@/components/ui/badge';
import { Card } from '@/components/ui/card';
import { Empty } from '@/components/ui/empty';
import { useAgents, useNames } from '@/lib/lists';
import { duration } from '@/lib/time';
import '@/messages/attempts';

const tones: Record<Attempt['state'], Tone> = {
  assigned: 'info',
  running: 'info',
  succeeded: 'good',
  failed: 'bad',
  cancelled: 'plain',
  timedOut: 'bad',
  lost: 'bad',
  released: 'plain',
};

/** Every time an agent took the execution. */
export function Attempts({ attempts }: { attempts: Attempt[] }) {
  const t = useTranslations('attempts');
  const agentName = useNames(useAgents().data);
  return (
    <Card flush>
      {attempts.length === 0 ? (
        <Empty icon={RefreshCw} title={t('none')} text={t('noneText')} />
      ) : (
        <Table
          label={t('title')}
          rows={attempts}
          rowKey={(attempt) => String(attempt.number)}
          columns={[
            { id: 'number', header: '#', cell: (attempt) => attempt.number },
            { id: 'state', header: t('state'), cell: (attempt) => <Badge tone={tones[attempt.state]}>{t(`states.${attempt.state}`)}</Badge> },
            { id: 'agent', header: t('agent'), cell: (attempt) => agentName(attempt.agentId) },
            { id: 'started', header: t('started'), cell: (attempt) => <Ago at={attempt.startedAt ?? attempt.assignedAt} /> },
            {
              id: 'duration',
              header: t('duration'),
              cell: ({ startedAt, endedAt }) => (startedAt && endedAt ? duration(Date.parse(endedAt) - Date.parse(startedAt)) : '–'),
            },
            { id: 'lines', header: t('lines'), className: 'tabular-nums', cell: (attempt) => attempt.logLines.toLocaleString() },
            { id: 'error', header: t('error'), className: 'min-w-48', cell: (attempt) => attempt.error?.message ?? '–' },
          ]}
        />
      )}
    </Card>
  );
}
