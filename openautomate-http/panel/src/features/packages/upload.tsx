'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { FileArchive, Upload } from 'lucide-react';
import { useId, useState, type DragEvent } from 'react';
import { toast } from 'sonner';
import { useTranslations } from 'use-intl';
import type { PackageVersion } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input, Select } from '@/components/ui/field';
import { Switch } from '@/components/ui/switch';
import { api, got, upload } from '@/lib/api';
import { useEnvironments, useHome } from '@/lib/lists';
import { useGo } from '@/lib/nav';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { cn } from '@/lib/cn';
import { bytes } from '@/lib/time';

interface DropZoneProps {
  file: File | undefined;
  onFile: (file: File) => void;
  /** How much of it was sent, from 0 to 1. */
  progress: number | undefined;
}

/** Takes a file that is dropped or chosen. */
function DropZone({ file, onFile, progress }: DropZoneProps) {
  const t = useTranslations('upload');
  const id = useId();
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const [dropped] = event.dataTransfer.files;
    if (dropped) onFile(dropped);
  };
  return (
    <div
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={cn(
        'grid justify-items-center gap-2 rounded-lg border border-dashed border-border-strong px-4 py-6 text-center transition-colors focus-within:border-accent',
        over && 'border-accent bg-accent-soft',
      )}
    >
      <FileArchive className="size-6 text-soft" aria-hidden />
      {file ? (
        <p className="font-medium break-all">
          {file.name} <span className="font-normal text-soft">{bytes(file.size)}</span>
        </p>
      ) : (
        <p className="text-soft">{t('drop')}</p>
      )}
      {progress === undefined ? (
        <label htmlFor={id} className="cursor-pointer font-medium text-accent hover:underline">
          {file ? t('another') : t('browse')}
          <input
            id={id}
            type="file"
            accept=".zip,application/zip"
            className="sr-only"
            onChange={(event) => {
              const [picked] = event.target.files ?? [];
              if (picked) onFile(picked);
            }}
          />
        </label>
      ) : (
        <div
          className="h-1.5 w-full max-w-64 overflow-hidden rounded-full bg-muted"
          role="progressbar"
          aria-label={t('progress')}
          aria-valuenow={Math.round(progress * 100)}
          aria-valuemin={0}
          aria-valuemax={100}
        >
          <div className="h-full bg-accent transition-[width]" style={{ width: `${progress * 100}%` }} />
        </div>
      )}
    </div>
  );
}

interface UploadDialogProps {
  /** A version of this package; a new package without it. */
  packageId?: string;
  onClose: () => void;
}

/** Publishes a version, of a package that is there or of a new one. */
export function UploadDialog({ packageId, onClose }: UploadDialogProps) {
  const t = useTranslations('upload');
  const client = useQueryClient();
  const go = useGo();
  const { data: environments } = useEnvironments();
  const [file, setFile] = useState<File>();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [activate, setActivate] = useState(true);
  const [picked, setPicked] = useState('');
  const [progress, setProgress] = useState<number>();
  /** A package that was made before its archive was refused is not made again. */
  const [made, setMade] = useState<string>();
  const environment = useHome(picked);

  const publish = useMutation({
    mutationFn: async () => {
      if (!file) return undefined;
      let id = packageId ?? made;
      if (!id) {
        id = (await got(api.POST('/api/packages', { body: { name: name.trim(), description } }))).id;
        setMade(id);
      }
      const query = new URLSearchParams({ activate: String(activate), ...(activate && environment ? { environmentId: environment } : {}) });
      setProgress(0);
      const version = await upload<PackageVersion>(`/api/packages/${id}/versions?${query}`, file, 'application/zip', setProgress);
      return version;
    },
    onSuccess: (version) => {
      if (!version) return;
      toast.success(t('published', { version: version.versionNumber }));
      void client.invalidateQueries({ queryKey: keys.packages });
      onClose();
      if (!packageId) go(`/packages/${version.packageId}`);
    },
    onSettled: () => setProgress(undefined),
  });
  const failed = publish.error instanceof ApiError ? publish.error : undefined;
  const take = (picked: File) => {
    setFile(picked);
    if (!name) setName(picked.name.replace(/(-\d[\w.]*)?\.zip$/i, ''));
  };

  return (
    <Dialog
      open
      onOpenChange={(open) => !open && !publish.isPending && onClose()}
      title={packageId ? t('newVersion') : t('newPackage')}
      description={t('what')}
      footer={
        <>
          <Button onClick={onClose} disabled={publish.isPending}>
            {t('back')}
          </Button>
          <Button kind="primary" busy={publish.isPending} disabled={!file || publish.isPending || (!packageId && !name.trim())} onClick={() => publish.mutate()}>
            <Upload aria-hidden /> {t('publish')}
          </Button>
        </>
      }
    >
      <div className="grid gap-4 pb-3">
        <DropZone file={file} onFile={take} progress={progress} />
        {!packageId && (
          <>
            <Field label={t('name')} required error={failed?.field('name')}>
              {(props) => <Input {...props} value={name} disabled={made !== undefined} onChange={(event) => setName(event.target.value)} />}
            </Field>
            <Field label={t('description')}>
              {(props) => <Input {...props} value={description} onChange={(event) => setDescription(event.target.value)} />}
            </Field>
          </>
        )}
        <div className="flex flex-wrap items-center gap-3">
          <label className="flex items-center gap-2.5">
            <Switch checked={activate} onCheckedChange={setActivate} />
            {t('activate')}
          </label>
          {activate && (
            <Select aria-label={t('environment')} className="w-auto" value={environment} onChange={(event) => setPicked(event.target.value)}>
              {environments?.map(({ id, name: called }) => (
                <option key={id} value={id}>
                  {called}
                </option>
              ))}
            </Select>
          )}
        </div>
        {publish.error && !failed?.field('name') && (
          <p role="alert" className="break-words text-bad">
            {reason(publish.error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}
