'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Upload } from 'lucide-react';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { PackageVersion } from '@/api/types';
import { DropZone } from '@/components/drop-zone';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input, Select } from '@/components/ui/field';
import { Switch } from '@/components/ui/switch';
import { api, got, upload } from '@/lib/api';
import { useEnvironmentsFor, useHome } from '@/lib/lists';
import { useGo } from '@/lib/nav';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/upload';

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
  const environments = useEnvironmentsFor('DeployVersions');
  const [file, setFile] = useState<File>();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [activate, setActivate] = useState(true);
  const [picked, setPicked] = useState('');
  const [progress, setProgress] = useState<number>();
  /** A package that was made before its archive was refused is not made again. */
  const [made, setMade] = useState<string>();
  const environment = useHome(picked, 'DeployVersions');

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
        <DropZone file={file} onFiles={([picked]) => picked && take(picked)} progress={progress} prompt={t('drop')} accept=".zip,application/zip" />
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
