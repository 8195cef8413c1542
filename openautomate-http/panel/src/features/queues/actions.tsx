'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Ellipsis, FileUp, Pencil, Plus, Trash2 } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { WorkQueue } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Confirm } from '@/components/ui/confirm';
import { Menu, MenuItem } from '@/components/ui/menu';
import { api, got } from '@/lib/api';
import { useMay } from '@/lib/lists';
import { useGo } from '@/lib/nav';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/queues';

const QueueDialog = dynamic(() => import('./queue-dialog').then((module) => module.QueueDialog), { ssr: false });
const ImportDialog = dynamic(() => import('./import-dialog').then((module) => module.ImportDialog), { ssr: false });
const ItemDialog = dynamic(() => import('./item-dialog').then((module) => module.ItemDialog), { ssr: false });

/** What can be done with a queue. */
export function QueueActions({ queue }: { queue: WorkQueue }) {
  const t = useTranslations('queues');
  const client = useQueryClient();
  const go = useGo();
  const [shown, setShown] = useState<'edit' | 'import' | 'item' | 'delete'>();
  const mayWrite = useMay('WriteQueues', queue.environmentId);
  const mayAdd = useMay('WriteWorkItems', queue.environmentId);
  const close = () => setShown(undefined);
  const remove = useMutation({
    mutationFn: () => got(api.DELETE('/api/queues/{id}', { params: { path: { id: queue.id } } })),
    onSuccess: () => {
      toast.success(t('deleted'));
      go('/queues', { replace: true });
    },
    onError: (error) => toast.error(reason(error)),
    onSettled: () => {
      close();
      void client.invalidateQueries({ queryKey: keys.queues });
    },
  });
  return (
    <>
      {mayAdd && (
        <>
          <Button onClick={() => setShown('import')}>
            <FileUp aria-hidden /> {t('import')}
          </Button>
          <Button kind="primary" onClick={() => setShown('item')}>
            <Plus aria-hidden /> {t('addItem')}
          </Button>
        </>
      )}
      {mayWrite && (
        <Menu
          trigger={
            <Button size="icon" aria-label={t('actions')}>
              <Ellipsis aria-hidden />
            </Button>
          }
        >
          <MenuItem onSelect={() => setShown('edit')}>
            <Pencil aria-hidden /> {t('edit')}
          </MenuItem>
          <MenuItem danger onSelect={() => setShown('delete')}>
            <Trash2 aria-hidden /> {t('delete')}
          </MenuItem>
        </Menu>
      )}
      {shown === 'edit' && <QueueDialog queue={queue} onClose={close} />}
      {shown === 'import' && <ImportDialog queueId={queue.id} onClose={close} />}
      {shown === 'item' && <ItemDialog queueId={queue.id} onClose={close} />}
      <Confirm
        open={shown === 'delete'}
        onOpenChange={(open) => !open && close()}
        title={t('deleteTitle', { name: queue.name })}
        text={t('deleteText')}
        action={t('delete')}
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
      />
    </>
  );
}
