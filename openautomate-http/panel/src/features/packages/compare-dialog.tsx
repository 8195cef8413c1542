'use client';

import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { PackageVersion } from '@/api/types';
import { Difference } from '@/components/difference';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Select } from '@/components/ui/field';
import { linesOf } from '@/lib/difference';
import { useMay } from '@/lib/lists';
import { bytes, exact } from '@/lib/time';
import '@/messages/package';
import { ChangedFiles } from './changed-files';

/** Two versions side by side: what the archive says of itself, its inputs, its size, its content's hash, and its files. */
export function CompareDialog({ versions, first, onClose }: { versions: PackageVersion[]; first: PackageVersion; onClose: () => void }) {
  const t = useTranslations('package');
  const mayDownload = useMay('DownloadPackages');
  const at = versions.findIndex((one) => one.id === first.id);
  // The one before it, as lists begin with the newest.
  const [otherId, setOther] = useState((versions[at + 1] ?? versions[at - 1] ?? first).id);
  const other = versions.find((one) => one.id === otherId) ?? first;
  const fields = (one: PackageVersion) => ({
    [t('published')]: exact(one.createdAt),
    [t('size')]: bytes(one.size),
    [t('digest')]: one.digest,
    [t('inputs')]: one.inputsSchema ?? undefined,
  });
  const lines = [...linesOf(fields(other), fields(first)), ...linesOf(other.manifest, first.manifest)].filter((line) => line.differs);
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={t('compareTitle', { version: first.versionNumber })}
      footer={
        <Button kind="primary" onClick={onClose}>
          {t('close')}
        </Button>
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] gap-3 pb-3">
        <Field label={t('compareWith')} className="max-w-60">
          {(props) => (
            <Select {...props} value={otherId} onChange={(event) => setOther(event.target.value)}>
              {versions
                .filter((one) => one.id !== first.id)
                .map((one) => (
                  <option key={one.id} value={one.id}>
                    {one.versionNumber}
                  </option>
                ))}
            </Select>
          )}
        </Field>
        {first.digest === other.digest && <p className="text-soft">{t('sameContent')}</p>}
        <Difference label={t('compareTitle', { version: first.versionNumber })} first={other.versionNumber} second={first.versionNumber} lines={lines} />
        {mayDownload && first.digest !== other.digest && <ChangedFiles before={other} after={first} />}
      </div>
    </Dialog>
  );
}
