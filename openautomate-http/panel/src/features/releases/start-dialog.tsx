'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Agent, AgentRelease, AgentRollout } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input, Select } from '@/components/ui/field';
import { Switch } from '@/components/ui/switch';
import { api, got } from '@/lib/api';
import { useAgents, usePools } from '@/lib/lists';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/updates';
import { isReached } from './lists';

const TARGETS = ['all', 'pool', 'label'] as const;
const FIRST = ['one', 'share', 'none'] as const;

/** So many names are told; the others are counted. */
const FEW = 5;

function namesOf(agents: Agent[]): string {
  const names = agents.slice(0, FEW).map(({ name }) => name);
  return agents.length > FEW ? `${names.join(', ')}, +${agents.length - FEW}` : names.join(', ');
}

interface StartProps {
  release: AgentRelease;
  onClose: () => void;
}

/** Brings a release to agents: to which, how many first, and how long they are watched. */
export function StartDialog({ release, onClose }: StartProps) {
  const t = useTranslations('updates.starting');
  const client = useQueryClient();
  const { data: agents } = useAgents();
  const { data: pools } = usePools();
  const [kind, setKind] = useState<(typeof TARGETS)[number]>('all');
  const [poolId, setPool] = useState('');
  const [label, setLabel] = useState('');
  const [first, setFirst] = useState<(typeof FIRST)[number]>('one');
  const [share, setShare] = useState('20');
  const [soak, setSoak] = useState('10');
  const [inWindows, setInWindows] = useState(false);
  const target: AgentRollout['target'] = kind === 'pool' ? { kind, poolId } : kind === 'label' ? { kind, label: label.trim() } : { kind };
  const reached = agents?.filter((agent) => isReached(agent, release, target)) ?? [];
  const unable = reached.filter((agent) => !agent.facts.isUpdatable);
  const percent = Number(share);
  const minutes = Number(soak);
  const isReady =
    (kind !== 'pool' || poolId !== '') &&
    (kind !== 'label' || label.trim() !== '') &&
    (first !== 'share' || (Number.isInteger(percent) && percent >= 1 && percent <= 100)) &&
    soak.trim() !== '' &&
    minutes >= 0;
  const start = useMutation({
    mutationFn: () => {
      const stages = first === 'one' ? [{ count: 1 }] : first === 'share' ? [{ percent }] : [];
      return got(api.POST('/api/agent-rollouts', { body: { releaseId: release.id, target, stages, soakSeconds: Math.round(minutes * 60), inWindows } }));
    },
    onSuccess: () => {
      toast.success(t('done', { version: release.version }));
      onClose();
    },
    onSettled: () => void client.invalidateQueries({ queryKey: keys.rollouts }),
  });
  const failed = start.error instanceof ApiError ? start.error : undefined;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('title', { version: release.version })}
      description={t('what')}
      footer={
        <>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button kind="primary" busy={start.isPending} disabled={!isReady || start.isPending} onClick={() => start.mutate()}>
            {t('start')}
          </Button>
        </>
      }
    >
      <div className="grid gap-4 pb-3">
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t('target')}>
            {(props) => (
              <Select {...props} value={kind} onChange={(event) => setKind(TARGETS.find((one) => one === event.target.value) ?? 'all')}>
                {TARGETS.map((one) => (
                  <option key={one} value={one}>
                    {t(`targets.${one}`)}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          {kind === 'pool' && (
            <Field label={t('pool')} required>
              {(props) => (
                <Select {...props} value={poolId} onChange={(event) => setPool(event.target.value)}>
                  <option value="">{t('choose')}</option>
                  {pools?.map(({ id, name }) => (
                    <option key={id} value={id}>
                      {name}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
          )}
          {kind === 'label' && (
            <Field label={t('label')} required error={failed?.field('label')}>
              {(props) => <Input {...props} value={label} onChange={(event) => setLabel(event.target.value)} />}
            </Field>
          )}
        </div>
        <div className="grid gap-2" role="status">
          <p className="text-soft">{t('reaches', { count: reached.length })}</p>
          {unable.length > 0 && (
            <p className="flex gap-2 rounded-md bg-warn-soft px-3 py-2 text-warn">
              <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
              <span className="min-w-0 break-words">{t('unable', { count: unable.length, names: namesOf(unable) })}</span>
            </p>
          )}
        </div>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t('first')} hint={t('firstHint')}>
            {(props) => (
              <Select {...props} value={first} onChange={(event) => setFirst(FIRST.find((one) => one === event.target.value) ?? 'one')}>
                {FIRST.map((one) => (
                  <option key={one} value={one}>
                    {t(`firsts.${one}`)}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          {first === 'share' && (
            <Field label={t('share')} hint={t('shareHint')} error={failed?.field('stages')}>
              {(props) => <Input {...props} type="number" min={1} max={100} value={share} onChange={(event) => setShare(event.target.value)} />}
            </Field>
          )}
          {first !== 'none' && (
            <Field label={t('soak')} hint={t('soakHint')} error={failed?.field('soakSeconds')}>
              {(props) => <Input {...props} type="number" min={0} step="any" value={soak} onChange={(event) => setSoak(event.target.value)} />}
            </Field>
          )}
        </div>
        <label className="flex items-center gap-2.5">
          <Switch checked={inWindows} onCheckedChange={setInWindows} />
          {t('inWindows')}
        </label>
        {start.error && (
          <p role="alert" className="break-words text-bad">
            {reason(start.error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}
