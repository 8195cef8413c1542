'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ShieldAlert } from 'lucide-react';
import { useTranslations } from 'use-intl';
import type { Agent } from '@/api/types';
import { Ago } from '@/components/ui/ago';
import { Button } from '@/components/ui/button';
import { api, got } from '@/lib/api';
import { useMay } from '@/lib/lists';
import { Link } from '@/lib/nav';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/agents';

/** Says that an agent is shut out because its key is on two machines, and lets it in again; nothing where it is not. */
export function QuarantineBanner({ agent, named }: { agent: Agent; named?: boolean }) {
  const t = useTranslations('agents.quarantine');
  const client = useQueryClient();
  const mayManage = useMay('ManageAgents', agent.environmentId);
  const release = useMutation({
    mutationFn: () => got(api.POST('/api/agents/{id}/release', { params: { path: { id: agent.id } } })),
    onSuccess: () => toast.success(t('released', { name: agent.name })),
    onError: (error) => toast.error(reason(error)),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.agents }),
  });
  if (!agent.quarantine) return null;
  const { hosts, since } = agent.quarantine;
  return (
    <section aria-label={t('of', { name: agent.name })} className="flex flex-wrap items-start gap-x-6 gap-y-3 rounded-lg border border-bad/40 bg-bad-soft p-4">
      <div className="flex min-w-0 flex-1 basis-80 gap-3">
        <ShieldAlert className="mt-0.5 size-5 shrink-0 text-bad" aria-hidden />
        <div className="grid min-w-0 gap-2">
          <h2 className="font-semibold text-bad">
            {named && (
              <>
                <Link href={`/agents/${agent.id}`} className="underline underline-offset-4">
                  {agent.name}
                </Link>
                {': '}
              </>
            )}
            {t('title')}
          </h2>
          <p>{mayManage ? t('text') : t('askText')}</p>
          <ul className="grid gap-1">
            {hosts.map(({ machineName, ipAddress, seenAt }, index) => (
              <li key={index} className="flex flex-wrap gap-x-2">
                <span className="font-medium break-all">{machineName}</span>
                {ipAddress && <span className="tabular-nums">{ipAddress}</span>}
                {seenAt && (
                  <span>
                    {t('seen')} <Ago at={seenAt} />
                  </span>
                )}
              </li>
            ))}
          </ul>
          <p className="text-xs">
            {t('since')} <Ago at={since} />
          </p>
        </div>
      </div>
      {mayManage && (
        <Button busy={release.isPending} onClick={() => release.mutate()}>
          {t('release')}
          {named && <span className="sr-only"> {agent.name}</span>}
        </Button>
      )}
    </section>
  );
}
