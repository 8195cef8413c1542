'use client';

import { Download } from 'lucide-react';
import { useTranslations } from 'use-intl';
import type { PackageVersion } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { save } from '@/lib/api';
import { bytes } from '@/lib/time';
import '@/messages/package';
import { MOST_BYTES, textOf, useArchive } from './archive';
import { Fold } from './fold';

/** Longer texts are for an editor, in characters. */
const MOST_TEXT = 200_000;

interface FilesProps {
  version: PackageVersion;
  onDownload: () => void;
  onClose: () => void;
}

/** The files of a version, and what is in them. */
export function FilesDialog({ version, onDownload, onClose }: FilesProps) {
  const t = useTranslations('package');
  const { data, error } = useArchive(version);
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={t('filesOf', { version: version.versionNumber })}
      description={data && t('filesCount', { count: data.size, size: bytes(version.size) })}
      footer={
        <>
          <Button onClick={onDownload}>
            <Download aria-hidden /> {t('download')}
          </Button>
          <Button kind="primary" onClick={onClose}>
            {t('close')}
          </Button>
        </>
      }
    >
      <div className="pb-3">
        {version.size > MOST_BYTES ? (
          <p className="text-soft">{t('tooMuch', { size: bytes(version.size) })}</p>
        ) : error ? (
          <Failure error={error} />
        ) : !data ? (
          <SkeletonRows />
        ) : (
          <div className="rounded-lg border border-border">
            {[...data].map(([path, file]) => (
              <Fold key={path} path={path} aside={<span className="text-xs whitespace-nowrap text-soft tabular-nums">{bytes(file.length)}</span>}>
                {() => <Content path={path} file={file} />}
              </Fold>
            ))}
          </div>
        )}
      </div>
    </Dialog>
  );
}

function Content({ path, file }: { path: string; file: Uint8Array }) {
  const t = useTranslations('package');
  const text = file.length <= MOST_TEXT ? textOf(file) : undefined;
  if (text !== undefined) {
    return (
      <pre tabIndex={0} className="max-h-96 overflow-auto border-t border-border bg-muted/50 px-3 py-2 font-mono text-xs leading-5">
        {text === '' ? t('emptyFile') : text}
      </pre>
    );
  }
  return (
    <p className="flex flex-wrap items-center justify-between gap-2 border-t border-border bg-muted/50 px-3 py-2 text-soft">
      {file.length > MOST_TEXT ? t('longFile') : t('noText')}
      <Button size="sm" onClick={() => save(new Blob([new Uint8Array(file)]), path.split('/').at(-1) ?? path)}>
        <Download aria-hidden /> {t('downloadFile')}
      </Button>
    </p>
  );
}
