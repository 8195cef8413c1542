'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Identity, User } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Confirm } from '@/components/ui/confirm';
import { Dialog } from '@/components/ui/dialog';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { LinkedList } from '@/features/session/linked-list';
import { api, got } from '@/lib/api';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/external';

/** The accounts elsewhere by which a person signs in; an administrator takes them off. */
export function LinkedDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const t = useTranslations('external');
  const client = useQueryClient();
  const [asking, setAsking] = useState<Identity>();
  const params = { path: { id: user.id } };
  const queryKey = [...keys.users, user.id, 'identities'];
  const { data, error, isPending, refetch } = useQuery({ queryKey, queryFn: async () => (await got(api.GET('/api/users/{id}/identities', { params }))).items });
  const unlink = useMutation({
    mutationFn: ({ id }: Identity) => got(api.DELETE('/api/users/{id}/identities/{identity}', { params: { path: { id: user.id, identity: id } } })),
    onSuccess: (_, { title }) => toast.success(t('unlinked', { title })),
    onError: (failure) =>
      toast.error(failure instanceof ApiError && failure.problem?.code === 'identity.last' ? t('lastOf', { name: user.username }) : reason(failure)),
    onSettled: () => {
      setAsking(undefined);
      void client.invalidateQueries({ queryKey });
    },
  });
  if (asking)
    return (
      <Confirm
        open
        onOpenChange={() => setAsking(undefined)}
        title={t('unlinkTitle', { title: asking.title })}
        text={t('unlinkTextOf', { name: user.username })}
        action={t('unlink')}
        busy={unlink.isPending}
        onConfirm={() => unlink.mutate(asking)}
      />
    );
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('titleOf', { name: user.username })}
      footer={<Button onClick={onClose}>{t('close')}</Button>}
    >
      <div className="pb-3">
        {isPending ? (
          <SkeletonRows />
        ) : error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : data.length === 0 ? (
          <p className="text-soft">{t('none')}</p>
        ) : (
          <LinkedList items={data} onUnlink={setAsking} />
        )}
      </div>
    </Dialog>
  );
}
