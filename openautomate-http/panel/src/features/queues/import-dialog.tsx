'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { DropZone } from '@/components/drop-zone';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input, Select } from '@/components/ui/field';
import { upload } from '@/lib/api';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/queues';

interface Imported {
  added: number;
  rejected: number;
  rejectedLines: { line: number; message: string }[];
}

const isCsv = (file: File | undefined) => file?.name.toLowerCase().endsWith('.csv') ?? false;

/** Makes an item of each line of a file, and tells which lines were none. */
export function ImportDialog({ queueId, onClose }: { queueId: string; onClose: () => void }) {
  const t = useTranslations('queues.importing');
  const common = useTranslations('queues');
  const client = useQueryClient();
  const [file, setFile] = useState<File>();
  const [reference, setReference] = useState('');
  const [onError, setOnError] = useState<'skip' | 'refuse'>('skip');
  const [progress, setProgress] = useState<number>();
  const run = useMutation({
    mutationFn: async () => {
      if (!file) return undefined;
      const csv = isCsv(file);
      const query = new URLSearchParams({ onError, ...(csv && reference.trim() ? { referenceColumn: reference.trim() } : {}) });
      setProgress(0);
      return upload<Imported>(`/api/queues/${queueId}/items/import?${query}`, file, csv ? 'text/csv' : 'application/x-ndjson', setProgress);
    },
    onSuccess: (done) => {
      if (!done) return;
      toast.success(t('done', { count: done.added }));
      if (done.rejected === 0) onClose();
    },
    onSettled: () => {
      setProgress(undefined);
      void client.invalidateQueries({ queryKey: keys.queues });
    },
  });
  const rejected = run.data?.rejectedLines ?? [];
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && !run.isPending && onClose()}
      title={t('title')}
      description={t('what')}
      footer={
        run.data ? (
          <Button kind="primary" onClick={onClose}>
            {t('close')}
          </Button>
        ) : (
          <>
            <Button onClick={onClose} disabled={run.isPending}>
              {common('back')}
            </Button>
            <Button kind="primary" busy={run.isPending} disabled={!file || run.isPending} onClick={() => run.mutate()}>
              {t('run')}
            </Button>
          </>
        )
      }
    >
      {run.data ? (
        <div className="grid gap-2 pb-3" role="status">
          <p className="font-medium">{t('done', { count: run.data.added })}</p>
          <p className="text-warn">{t('rejected', { count: run.data.rejected })}</p>
          <ul tabIndex={0} aria-label={t('rejected', { count: run.data.rejected })} className="max-h-64 divide-y divide-border overflow-y-auto rounded-md border border-border">
            {rejected.map(({ line, message }) => (
              <li key={line} className="grid gap-0.5 px-3 py-2">
                <span className="text-xs text-soft tabular-nums">{t('line', { line })}</span>
                <span className="break-words">{message}</span>
              </li>
            ))}
          </ul>
        </div>
      ) : (
        <div className="grid gap-4 pb-3">
          <DropZone file={file} onFiles={([picked]) => picked && setFile(picked)} progress={progress} prompt={t('drop')} accept=".csv,.jsonl,.ndjson,.json,text/csv" />
          {file && !isCsv(file) ? null : (
            <Field label={t('reference')} hint={t('referenceHint')}>
              {(props) => <Input {...props} value={reference} onChange={(event) => setReference(event.target.value)} />}
            </Field>
          )}
          <Field label={t('onError')}>
            {(props) => (
              <Select {...props} value={onError} onChange={(event) => setOnError(event.target.value as typeof onError)}>
                <option value="skip">{t('reject')}</option>
                <option value="refuse">{t('abort')}</option>
              </Select>
            )}
          </Field>
          {run.error && (
            <p role="alert" className="break-words text-bad">
              {reason(run.error)}
            </p>
          )}
        </div>
      )}
    </Dialog>
  );
}
