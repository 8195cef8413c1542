'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CircleCheck, CircleDashed, Upload } from 'lucide-react';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { InputFile } from '@/api/types';
import { DropZone } from '@/components/drop-zone';
import { Button } from '@/components/ui/button';
import { CopyButton } from '@/components/ui/copy-button';
import { Dialog } from '@/components/ui/dialog';
import { api, got, upload } from '@/lib/api';
import { keys, reason } from '@/lib/query';
import { bytes } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/updates';
import { programFor, signedOf, type SignedRelease } from './signed';

const SIGN = 'openautomate-agent release sign --key release.key --version 1.4.2 openautomate-agent > release.json';
/** A signed manifest is at most 64 KiB, twice quoted. */
const MOST_SIGNED = 256 * 1024;

/** Takes in a release: what `release sign` printed, and the programs that it names. */
export function UploadDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('updates.uploading');
  const client = useQueryClient();
  const [files, setFiles] = useState<File[]>([]);
  const [release, setRelease] = useState<SignedRelease>();
  const [progress, setProgress] = useState<number>();
  const programs = release?.programs ?? [];
  const fileOf = (target: string) => files.find((file) => programFor(file, programs)?.target === target);
  const strange = release ? files.filter((file) => !programFor(file, programs)) : [];
  const isReady = release !== undefined && programs.every(({ target }) => fileOf(target));

  const take = async (added: File[]) => {
    const others: File[] = [];
    for (const file of added) {
      const signed = file.size <= MOST_SIGNED ? signedOf(await file.text()) : undefined;
      if (signed) setRelease(signed);
      else others.push(file);
    }
    setFiles((before) => [...before.filter((file) => !others.some((other) => other.name === file.name && other.size === file.size)), ...others]);
  };

  const publish = useMutation({
    mutationFn: async () => {
      if (!release) return undefined;
      const all = release.programs.reduce((sum, { size }) => sum + size, 0);
      const ids: Record<string, string> = {};
      let sent = 0;
      setProgress(0);
      for (const { target, name, size } of release.programs) {
        const file = fileOf(target);
        if (!file) return undefined;
        const kept = await upload<InputFile>(`/api/files?${new URLSearchParams({ name })}`, file, 'application/octet-stream', (part) =>
          setProgress((sent + part * size) / all),
        );
        ids[target] = kept.id;
        sent += size;
      }
      return got(api.POST('/api/agent-releases', { body: { manifest: release.manifest, signature: release.signature, files: ids } }));
    },
    onSuccess: (made) => {
      if (!made) return;
      toast.success(t('done', { version: made.version }));
      onClose();
    },
    onSettled: () => {
      setProgress(undefined);
      void client.invalidateQueries({ queryKey: keys.releases });
    },
  });

  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && !publish.isPending && onClose()}
      title={t('title')}
      description={t.rich('what', { code: (text) => <code className="font-mono text-xs">{text}</code> })}
      footer={
        <>
          <Button onClick={onClose} disabled={publish.isPending}>
            {t('back')}
          </Button>
          <Button kind="primary" busy={publish.isPending} disabled={!isReady || publish.isPending} onClick={() => publish.mutate()}>
            <Upload aria-hidden /> {t('publish')}
          </Button>
        </>
      }
    >
      <div className="grid gap-4 pb-3">
        <div className="flex items-start gap-2 rounded-md bg-muted py-1 pr-1 pl-3">
          <code className="min-w-0 flex-1 py-1 font-mono text-xs break-words">{SIGN}</code>
          <CopyButton text={SIGN} />
        </div>
        <DropZone onFiles={(added) => void take(added)} multiple progress={progress} prompt={t('drop')} />
        {release && (
          <section className="grid gap-2">
            <h3 className="font-semibold">{t('release', { version: release.version })}</h3>
            <ul className="divide-y divide-border rounded-lg border border-border">
              {programs.map(({ target, name, size }) => {
                const file = fileOf(target);
                return (
                  <li key={target} className="flex items-center gap-3 px-3 py-2">
                    {file ? <CircleCheck className="size-4 shrink-0 text-good" aria-hidden /> : <CircleDashed className="size-4 shrink-0 text-soft" aria-hidden />}
                    <span className="min-w-0 flex-1">
                      <span className="block font-mono text-xs break-all">{target}</span>
                      <span className="text-xs text-soft">{file ? t('have', { name: file.name }) : t('missing', { name })}</span>
                    </span>
                    <span className="text-xs whitespace-nowrap text-soft tabular-nums">{bytes(size)}</span>
                  </li>
                );
              })}
            </ul>
          </section>
        )}
        {!release && files.length > 0 && <p className="text-warn">{t('noManifest')}</p>}
        {strange.length > 0 && <p className="break-words text-warn">{t('strange', { names: strange.map(({ name }) => name).join(', ') })}</p>}
        {publish.error && (
          <p role="alert" className="break-words text-bad">
            {reason(publish.error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}
