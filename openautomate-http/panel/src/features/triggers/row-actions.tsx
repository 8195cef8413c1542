'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CircleHelp, Pencil, Trash2 } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Trigger } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Confirm } from '@/components/ui/confirm';
import { api, got } from '@/lib/api';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/triggers';

const TriggerEditor = dynamic(() => import('./editor').then((module) => module.TriggerEditor), { ssr: false });
const ExplainDialog = dynamic(() => import('./explain').then((module) => module.ExplainDialog), { ssr: false });

/** What can be done with a trigger of the list. */
export function RowActions({ trigger, mayWrite }: { trigger: Trigger; mayWrite: boolean }) {
  const t = useTranslations('triggers');
  const client = useQueryClient();
  const [shown, setShown] = useState<'edit' | 'explain' | 'delete'>();
  const close = () => setShown(undefined);
  const remove = useMutation({
    mutationFn: () => got(api.DELETE('/api/triggers/{id}', { params: { path: { id: trigger.id } } })),
    onSuccess: () => toast.success(t('deleted')),
    onError: (error) => toast.error(reason(error)),
    onSettled: () => {
      close();
      void client.invalidateQueries({ queryKey: keys.triggers });
    },
  });
  return (
    <div className="flex justify-end gap-1">
      <Button kind="ghost" size="iconSm" aria-label={t('explain', { name: trigger.name })} title={t('explain', { name: trigger.name })} onClick={() => setShown('explain')}>
        <CircleHelp aria-hidden />
      </Button>
      {mayWrite && (
        <>
          <Button kind="ghost" size="iconSm" aria-label={t('edit', { name: trigger.name })} onClick={() => setShown('edit')}>
            <Pencil aria-hidden />
          </Button>
          <Button kind="ghost" size="iconSm" aria-label={t('deleteTitle', { name: trigger.name })} onClick={() => setShown('delete')}>
            <Trash2 aria-hidden />
          </Button>
        </>
      )}
      {shown === 'edit' && <TriggerEditor trigger={trigger} onClose={close} />}
      {shown === 'explain' && <ExplainDialog trigger={trigger} onClose={close} />}
      <Confirm
        open={shown === 'delete'}
        onOpenChange={(open) => !open && close()}
        title={t('deleteTitle', { name: trigger.name })}
        text={t('deleteText')}
        action={t('delete')}
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
      />
    </div>
  );
}
