'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Check, CircleCheckBig, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Approval } from '@/api/types';
import { Json } from '@/components/json';
import { Page } from '@/components/page';
import { Ago } from '@/components/ui/ago';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Field, Input } from '@/components/ui/field';
import { SkeletonRows } from '@/components/ui/skeleton';
import { Tabs } from '@/components/ui/tabs';
import { api, got } from '@/lib/api';
import { useMay } from '@/lib/lists';
import { Link } from '@/lib/nav';
import { keys, reason } from '@/lib/query';
import { useRefresh } from '@/lib/refresh';
import { toast } from '@/lib/toast';
import '@/messages/approvals';

export function Approvals() {
  const t = useTranslations('approvals');
  const [tab, setTab] = useState('waiting');
  useRefresh('approvals', keys.approvals);
  return (
    <Page name={t('title')} title={t('title')}>
      <Tabs
        value={tab}
        onChange={setTab}
        tabs={[
          { id: 'waiting', label: t('waiting'), content: <List waiting /> },
          { id: 'all', label: t('all'), content: <List /> },
        ]}
      />
    </Page>
  );
}

function List({ waiting }: { waiting?: boolean }) {
  const t = useTranslations('approvals');
  const { data, error, isPending, refetch } = useQuery({
    queryKey: [...keys.approvals, waiting ?? false],
    queryFn: async () => (await got(api.GET('/api/approvals', { params: { query: { limit: 100, ...(waiting ? { state: 'waiting' as const } : {}) } } }))).items,
  });
  if (isPending) return <SkeletonRows />;
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (data.length === 0) {
    return (
      <Card>
        <Empty icon={CircleCheckBig} title={waiting ? t('none') : t('noneAtAll')} text={t.rich('noneText', { code: (text) => <code className="font-mono text-[0.8125rem]">{text}</code> })} />
      </Card>
    );
  }
  return (
    <div className="grid gap-4">
      {data.map((approval) => (
        <One key={approval.id} approval={approval} />
      ))}
    </div>
  );
}

/** A question, what it is about, and the two answers. */
function One({ approval }: { approval: Approval }) {
  const t = useTranslations('approvals');
  const client = useQueryClient();
  const [comment, setComment] = useState('');
  const mayAnswer = useMay('AnswerApprovals');
  const answer = useMutation({
    mutationFn: (approve: boolean) =>
      got(api.POST('/api/approvals/{id}/answer', { params: { path: { id: approval.id } }, body: { approve, comment } })),
    onSuccess: (_, approve) => toast.success(approve ? t('approved') : t('rejected')),
    onError: (failure) => toast.error(reason(failure)),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.approvals }),
  });
  return (
    <Card
      title={approval.question}
      actions={<Badge tone={approval.state === 'waiting' ? 'warn' : approval.state === 'approved' ? 'good' : 'plain'}>{t(`states.${approval.state}`)}</Badge>}
    >
      <div className="grid gap-4">
        <p className="text-soft">
          <Link href={`/executions/${approval.executionId}`} className="text-accent hover:underline">
            {t('execution')}
          </Link>{' '}
          · <Ago at={approval.createdAt} />
          {approval.expiresAt && approval.state === 'waiting' && (
            <>
              {' · '}
              {t('until')} <Ago at={approval.expiresAt} />
            </>
          )}
        </p>
        {approval.data !== null && approval.data !== undefined && <Json value={approval.data} empty={t('noData')} />}
        {approval.comment && <p>{approval.comment}</p>}
        {approval.state === 'waiting' && mayAnswer && (
          <div className="flex flex-wrap items-end gap-2">
            <Field label={t('comment')} className="min-w-48 flex-1">
              {(props) => <Input {...props} value={comment} onChange={(event) => setComment(event.target.value)} />}
            </Field>
            <Button kind="danger" disabled={answer.isPending} onClick={() => answer.mutate(false)}>
              <X aria-hidden /> {t('reject')}
            </Button>
            <Button kind="primary" disabled={answer.isPending} onClick={() => answer.mutate(true)}>
              <Check aria-hidden /> {t('approve')}
            </Button>
          </div>
        )}
      </div>
    </Card>
  );
}
