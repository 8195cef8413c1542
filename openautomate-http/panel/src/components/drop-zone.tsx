'use client';

import { FileUp } from 'lucide-react';
import { useId, useState, type DragEvent } from 'react';
import { useTranslations } from 'use-intl';
import { cn } from '@/lib/cn';
import { bytes } from '@/lib/time';
import '@/messages/upload';

interface DropZoneProps {
  file?: File | undefined;
  onFiles: (files: File[]) => void;
  /** Whether several may be given at once. */
  multiple?: boolean;
  /** How much of it was sent, from 0 to 1. */
  progress: number | undefined;
  prompt: string;
  accept?: string;
}

/** Takes files that are dropped or chosen. */
export function DropZone({ file, onFiles, multiple, progress, prompt, accept }: DropZoneProps) {
  const t = useTranslations('upload');
  const id = useId();
  const [over, setOver] = useState(false);
  const take = (list: FileList | null) => {
    const files = [...(list ?? [])];
    if (files.length > 0) onFiles(multiple ? files : files.slice(0, 1));
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
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
      <FileUp className="size-6 text-soft" aria-hidden />
      {file ? (
        <p className="font-medium break-all">
          {file.name} <span className="font-normal text-soft">{bytes(file.size)}</span>
        </p>
      ) : (
        <p className="text-soft">{prompt}</p>
      )}
      {progress === undefined ? (
        <label htmlFor={id} className="cursor-pointer font-medium text-accent hover:underline">
          {file ? t('another') : t('browse')}
          <input
            id={id}
            type="file"
            accept={accept}
            multiple={multiple}
            className="sr-only"
            onChange={(event) => {
              take(event.target.files);
              // So that the same one can be chosen again.
              event.target.value = '';
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
