'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Agent } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input } from '@/components/ui/field';
import { api, got } from '@/lib/api';
import { usePools } from '@/lib/lists';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/agent';

/** Labels of a text with commas between. */
function labelsOf(text: string): string[] {
  return [...new Set(text.split(',').map((label) => label.trim()).filter(Boolean))];
}

/** Changes what an agent can do and in which pools it is; makes a pool that is missing. */
export function EditDialog({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const t = useTranslations('agent.editing');
  const client = useQueryClient();
  const { data } = usePools();
  const pools = data?.filter((pool) => pool.environmentId === agent.environmentId) ?? [];
  const [labels, setLabels] = useState(agent.labels.join(', '));
  const [chosen, setChosen] = useState<string[]>(agent.poolIds);
  const [name, setName] = useState('');
  const make = useMutation({
    mutationFn: () => got(api.POST('/api/agent-pools', { body: { name: name.trim(), environmentId: agent.environmentId } })),
    onSuccess: ({ id }) => {
      setName('');
      setChosen((before) => [...before, id]);
    },
    onSettled: () => void client.invalidateQueries({ queryKey: keys.pools }),
  });
  const save = useMutation({
    mutationFn: () => {
      const body = { labels: labelsOf(labels), poolIds: chosen, revision: agent.revision };
      return got(api.PUT('/api/agents/{id}', { params: { path: { id: agent.id } }, body }));
    },
    onSuccess: () => {
      toast.success(t('saved'));
      onClose();
    },
    onSettled: () => void client.invalidateQueries({ queryKey: keys.agents }),
  });
  const error = save.error ?? make.error;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('title', { name: agent.name })}
      footer={
        <>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button kind="primary" busy={save.isPending} onClick={() => save.mutate()}>
            {t('save')}
          </Button>
        </>
      }
    >
      <div className="grid gap-4 pb-3">
        <Field label={t('labels')} hint={t('labelsHint')}>
          {(props) => <Input {...props} value={labels} onChange={(event) => setLabels(event.target.value)} />}
        </Field>
        <fieldset className="grid gap-2">
          <legend className="mb-1.5 text-[0.8125rem] font-medium">{t('pools')}</legend>
          {pools.length === 0 && <p className="text-soft">{t('noPools')}</p>}
          {pools.map((pool) => (
            <label key={pool.id} className="flex items-center gap-2.5">
              <input
                type="checkbox"
                className="size-4 accent-(--accent)"
                checked={chosen.includes(pool.id)}
                onChange={(event) => setChosen((before) => (event.target.checked ? [...before, pool.id] : before.filter((id) => id !== pool.id)))}
              />
              {pool.name}
            </label>
          ))}
          <div className="mt-1 flex gap-2">
            <Input aria-label={t('newPool')} placeholder={t('newPool')} value={name} onChange={(event) => setName(event.target.value)} />
            <Button busy={make.isPending} disabled={!name.trim() || make.isPending} onClick={() => make.mutate()}>
              {t('add')}
            </Button>
          </div>
        </fieldset>
        {error && (
          <p role="alert" className="break-words text-bad">
            {reason(error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}
