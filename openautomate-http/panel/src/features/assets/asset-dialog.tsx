'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Asset } from '@/api/types';
import { DropZone } from '@/components/drop-zone';
import { Button } from '@/components/ui/button';
import { Dialog, FormActions } from '@/components/ui/dialog';
import { Field, Input, Select, Textarea } from '@/components/ui/field';
import { api, got, upload } from '@/lib/api';
import { useEnvironmentsFor, useHome } from '@/lib/lists';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { bytes } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/assets';

const FORMATS: Asset['format'][] = ['text', 'json', 'credential', 'file'];
/** As the server has it. */
const MOST_BYTES = 10 * 1024 * 1024;

/** Writes an asset. A secret's value is never shown, so that it is always written anew. */
export function AssetDialog({ asset, onClose }: { asset?: Asset; onClose: () => void }) {
  const t = useTranslations('assets');
  const client = useQueryClient();
  const environments = useEnvironmentsFor('WriteAssets');
  const [place, setPlace] = useState(asset?.environmentId ?? '');
  const [name, setName] = useState(asset?.name ?? '');
  const [description, setDescription] = useState(asset?.description ?? '');
  const [kind, setKind] = useState<Asset['kind']>(asset?.kind ?? 'secret');
  const [format, setFormat] = useState<Asset['format']>(asset?.format ?? 'text');
  const [text, setText] = useState(() => shown(asset));
  const [username, setUsername] = useState('');
  const [isBad, setIsBad] = useState(false);
  const [file, setFile] = useState<File>();
  const [progress, setProgress] = useState<number>();
  const environmentId = useHome(place, 'WriteAssets');
  const isFile = format === 'file';
  const isTooLarge = file !== undefined && file.size > MOST_BYTES;
  const sendFile = (content: File) => {
    const query = new URLSearchParams({ name: name.trim(), fileName: content.name, description, createOnly: String(!asset), ...(environmentId ? { environmentId } : {}) });
    setProgress(0);
    return upload<Asset>(`/api/assets/file?${query}`, content, 'application/octet-stream', setProgress, 'PUT');
  };
  const save = useMutation({
    mutationFn: (value: unknown) => {
      if (value instanceof File) return sendFile(value);
      // The document says "anything", which the types have as an object.
      const body = { name: name.trim(), description, kind, format, environmentId, value: value as Record<string, unknown> };
      return asset ? got(api.PUT('/api/assets', { body })) : got(api.POST('/api/assets', { body }));
    },
    onSuccess: () => {
      toast.success(t('saved'));
      void client.invalidateQueries({ queryKey: keys.assets });
      onClose();
    },
    onSettled: () => setProgress(undefined),
  });
  const failed = save.error instanceof ApiError ? save.error : undefined;
  const submit = () => {
    if (isFile) {
      if (file && !isTooLarge) save.mutate(file);
      return;
    }
    try {
      setIsBad(false);
      save.mutate(format === 'credential' ? { username, password: text } : format === 'json' ? (JSON.parse(text) as unknown) : text);
    } catch {
      setIsBad(true);
    }
  };
  const isTold = ['name', 'value'].some((field) => failed?.field(field));
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={asset ? t('editTitle') : t('add')}>
      <form
        className="grid gap-4"
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Field label={t('name')} required error={failed?.field('name')}>
          {(props) => <Input {...props} required disabled={Boolean(asset)} className="font-mono" value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <div className="grid gap-4 sm:grid-cols-3">
          <Field label={t('kind')}>
            {(props) => (
              <Select {...props} value={isFile ? 'secret' : kind} disabled={isFile} onChange={(event) => setKind(event.target.value as Asset['kind'])}>
                <option value="secret">{t('secret')}</option>
                <option value="plain">{t('plain')}</option>
              </Select>
            )}
          </Field>
          <Field label={t('format')}>
            {(props) => (
              <Select {...props} value={format} onChange={(event) => setFormat(event.target.value as Asset['format'])}>
                {FORMATS.map((one) => (
                  <option key={one} value={one}>
                    {t(`formats.${one}`)}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <Field label={t('environment')}>
            {(props) => (
              <Select {...props} value={environmentId} disabled={Boolean(asset)} onChange={(event) => setPlace(event.target.value)}>
                {environments?.map(({ id, name: called }) => (
                  <option key={id} value={id}>
                    {called}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        </div>
        {format === 'credential' && (
          <Field label={t('username')} required>
            {(props) => <Input {...props} required autoComplete="off" value={username} onChange={(event) => setUsername(event.target.value)} />}
          </Field>
        )}
        {isFile ? (
          <div className="grid gap-1.5">
            {asset?.fileName && <p className="text-soft">{t('fileNow', { name: asset.fileName, size: bytes(asset.fileSize ?? 0) })}</p>}
            <DropZone file={file} onFiles={([picked]) => picked && setFile(picked)} progress={progress} prompt={t('fileDrop')} />
            <p className={isTooLarge ? 'text-xs text-bad' : 'text-xs text-soft'} role={isTooLarge ? 'alert' : undefined}>
              {isTooLarge ? t('fileTooLarge') : t('fileHint')}
            </p>
          </div>
        ) : (
          <Field
            label={format === 'credential' ? t('password') : t('value')}
            hint={kind === 'secret' ? t('secretHint') : undefined}
            error={isBad ? t('badJson') : failed?.field('value')}
          >
            {(props) =>
              kind === 'secret' && format !== 'json' ? (
                <Input {...props} type="password" autoComplete="new-password" value={text} onChange={(event) => setText(event.target.value)} />
              ) : (
                <Textarea {...props} spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} />
              )
            }
          </Field>
        )}
        <Field label={t('description')}>
          {(props) => <Input {...props} value={description} onChange={(event) => setDescription(event.target.value)} />}
        </Field>
        {save.error && !isTold && (
          <p role="alert" className="text-bad">
            {reason(save.error)}
          </p>
        )}
        <FormActions>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button type="submit" kind="primary" busy={save.isPending} disabled={save.isPending || (isFile && (!file || isTooLarge))}>
            {t('save')}
          </Button>
        </FormActions>
      </form>
    </Dialog>
  );
}

function shown(asset: Asset | undefined): string {
  const value: unknown = asset?.kind === 'plain' ? asset.value : '';
  return typeof value === 'string' ? value : JSON.stringify(value ?? '', null, 2);
}
