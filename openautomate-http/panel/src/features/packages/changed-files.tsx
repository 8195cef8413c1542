'use client';

import { structuredPatch } from 'diff';
import { useMemo } from 'react';
import { useTranslations } from 'use-intl';
import type { PackageVersion } from '@/api/types';
import { Badge, type Tone } from '@/components/ui/badge';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { cn } from '@/lib/cn';
import { bytes } from '@/lib/time';
import '@/messages/package';
import { changesOf, MOST_BYTES, textOf, useArchive, type FileChange } from './archive';
import { Fold } from './fold';

/** Two texts are not compared for longer, in milliseconds. */
const PATIENCE = 2_000;

const tones: Record<FileChange['kind'], Tone> = { added: 'good', removed: 'bad', changed: 'warn' };

/** The files that differ between two versions, each with its lines. */
export function ChangedFiles({ before, after }: { before: PackageVersion; after: PackageVersion }) {
  const t = useTranslations('package');
  const isSmall = Math.max(before.size, after.size) <= MOST_BYTES;
  const first = useArchive(before, isSmall);
  const second = useArchive(after, isSmall);
  const changes = useMemo(() => first.data && second.data && changesOf(first.data, second.data), [first.data, second.data]);
  const error = first.error ?? second.error;
  return (
    <section className="grid grid-cols-[minmax(0,1fr)] gap-2">
      <h3 className="font-semibold">{t('files')}</h3>
      {!isSmall ? (
        <p className="text-soft">{t('tooMuch', { size: bytes(Math.max(before.size, after.size)) })}</p>
      ) : error ? (
        <Failure error={error} />
      ) : !changes ? (
        <SkeletonRows count={3} />
      ) : changes.length === 0 ? (
        <p className="text-soft">{t('sameFiles')}</p>
      ) : (
        <div className="rounded-lg border border-border">
          {changes.map((change) => (
            <Fold key={change.path} path={change.path} aside={<Badge tone={tones[change.kind]}>{t(`fileKinds.${change.kind}`)}</Badge>}>
              {() => <Lines change={change} />}
            </Fold>
          ))}
        </div>
      )}
    </section>
  );
}

function Lines({ change }: { change: FileChange }) {
  const t = useTranslations('package');
  const patch = useMemo(() => {
    const [one, other] = [change.before, change.after].map((file) => (file ? textOf(file) : ''));
    if (one === undefined || other === undefined) return undefined;
    return structuredPatch(change.path, change.path, one, other, '', '', { context: 3, timeout: PATIENCE });
  }, [change]);
  if (!patch) return <p className="border-t border-border bg-muted/50 px-3 py-2 text-soft">{t('noLines')}</p>;
  return (
    <div tabIndex={0} role="region" aria-label={change.path} className="max-h-96 overflow-auto border-t border-border py-1 font-mono text-xs leading-5">
      <div className="w-max min-w-full">
        {patch.hunks.map((hunk) => (
          <div key={hunk.newStart}>
            <p className="bg-muted px-3 text-soft">
              @@ -{hunk.oldStart},{hunk.oldLines} +{hunk.newStart},{hunk.newLines} @@
            </p>
            {hunk.lines.map((line, index) => (
              <p key={index} className={cn('px-3 whitespace-pre', line.startsWith('+') && 'bg-good-soft text-good', line.startsWith('-') && 'bg-bad-soft text-bad')}>
                {line}
              </p>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
