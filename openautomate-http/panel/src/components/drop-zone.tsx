'use client';

import { FileUp } from 'lucide-react';
import { useId, useState, type DragEvent } from 'react';
import { useTranslations } from 'use-intl';
import { cn } from '@/lib/cn';
import { bytes } from '@/lib/time';

interface DropZoneProps {
  file: File | undefined;
  onFile: (file: File) => void;
  /** How much of it was sent, from 0 to 1. */
  progress: number | undefined;
  prompt: string;
  accept?: string;
}

/** Takes a file that is dropped or chosen. */
export function DropZone({ file, onFile, progress, prompt, accept }: DropZoneProps) {
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
