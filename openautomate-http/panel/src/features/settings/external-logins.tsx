'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Identity } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Confirm } from '@/components/ui/confirm';
import { Failure } from '@/components/ui/failure';
import { LinkedList } from '@/features/session/linked-list';
import { useProviders } from '@/features/session/providers';
import { Refusal } from '@/features/session/refusal';
import { api, got } from '@/lib/api';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/external';

/** Accounts elsewhere by which the person signs in; nothing where there is no service to sign in at. */
export function ExternalLogins() {
  const t = useTranslations('external');
  const client = useQueryClient();
  const providers = useProviders();
  const [asking, setAsking] = useState<Identity>();
  const { data, error, refetch } = useQuery({ queryKey: keys.identities, queryFn: async () => (await got(api.GET('/api/auth/identities', {}))).items });
  const refusal = useReturn(providers);
  const link = useMutation({
    mutationFn: (name: string) => got(api.POST('/api/auth/oidc/{name}/link', { params: { path: { name } } })),
    onSuccess: ({ location }) => window.location.assign(location),
    onError: (failure) => toast.error(reason(failure)),
  });
  const unlink = useMutation({
    mutationFn: ({ id }: Identity) => got(api.DELETE('/api/auth/identities/{id}', { params: { path: { id } } })),
    onSuccess: (_, { title }) => toast.success(t('unlinked', { title })),
    onError: (failure) => toast.error(failure instanceof ApiError && failure.problem?.code === 'identity.last' ? t('last') : reason(failure)),
    onSettled: () => {
      setAsking(undefined);
      void client.invalidateQueries({ queryKey: keys.identities });
    },
  });
  const linkable = providers.filter(({ name }) => !data?.some(({ provider }) => provider === name));
  if (providers.length === 0 && !data?.length) return null;
  return (
    <Card title={t('title')}>
      <div className="grid gap-4">
        {refusal && <Refusal code={refusal} />}
        {error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : data?.length ? (
          <LinkedList items={data} onUnlink={setAsking} />
        ) : (
          <p className="text-soft">{t('text')}</p>
        )}
        {linkable.length > 0 && (
          <div className="flex flex-wrap gap-2">
            {linkable.map(({ name, title }) => (
              <Button key={name} busy={link.isPending && link.variables === name} onClick={() => link.mutate(name)}>
                <Link2 aria-hidden /> {t('link', { title })}
              </Button>
            ))}
          </div>
        )}
      </div>
      <Confirm
        open={Boolean(asking)}
        onOpenChange={() => setAsking(undefined)}
        title={t('unlinkTitle', { title: asking?.title ?? '' })}
        text={t('unlinkText')}
        action={t('unlink')}
        busy={unlink.isPending}
        onConfirm={() => asking && unlink.mutate(asking)}
      />
    </Card>
  );
}

/** What came of linking, when the browser comes back from the other service: success is told, a refusal is given. */
function useReturn(providers: { name: string; title: string }[]): string {
  const t = useTranslations('external');
  const [{ linked, refusal }] = useState(() => {
    const query = new URLSearchParams(typeof window === 'undefined' ? '' : window.location.search);
    return { linked: query.get('linked') ?? '', refusal: query.get('error') ?? '' };
  });
  const title = providers.find(({ name }) => name === linked)?.title;
  useEffect(() => {
    if (!title && !refusal) return;
    if (title) toast.success(t('linked', { title }));
    // Once is enough; a reload shall not tell it again.
    window.history.replaceState(window.history.state, '', window.location.pathname);
    // When the provider's title is known, or at once for a refusal.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [title, refusal]);
  return refusal;
}
