'use client';

import { useQuery } from '@tanstack/react-query';
import { Download, Eye, FileBox } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Artifact } from '@/api/types';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Dialog } from '@/components/ui/dialog';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Skeleton, SkeletonRows } from '@/components/ui/skeleton';
import { cn } from '@/lib/cn';
import { api, content, download, got } from '@/lib/api';
import { keys, reason } from '@/lib/query';
import { bytes } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/artifacts';

/** More is not drawn. */
const MOST_PREVIEW = 5_000_000;
const MOST_ROWS = 200;

/** The files that an execution left. */
export function Artifacts({ executionId, count }: { executionId: string; count: number }) {
  const t = useTranslations('artifacts');
  const [shown, setShown] = useState<Artifact>();
  const { data, error, isPending } = useQuery({
    queryKey: [...keys.execution(executionId), 'artifacts', count],
    queryFn: async () => (await got(api.GET('/api/executions/{id}/artifacts', { params: { path: { id: executionId } } }))).items,
  });
  if (error) return <Failure error={error} />;
  return (
    <Card flush>
      {isPending ? (
        <SkeletonRows count={3} />
      ) : data.length === 0 ? (
        <Empty icon={FileBox} title={t('none')} text={t('noneText')} />
      ) : (
        <Table
          label={t('title')}
          rows={data}
          rowKey={(artifact) => artifact.id}
          columns={[
            { id: 'name', header: t('name'), className: 'font-medium', cell: (artifact) => artifact.name },
            { id: 'size', header: t('size'), className: 'whitespace-nowrap tabular-nums', cell: (artifact) => bytes(artifact.size) },
            { id: 'type', header: t('type'), className: 'hidden text-soft lg:table-cell', cell: (artifact) => artifact.contentType },
            { id: 'created', header: t('created'), className: 'hidden sm:table-cell', cell: (artifact) => <Ago at={artifact.createdAt} /> },
            {
              id: 'actions',
              header: <span className="sr-only">{t('actions')}</span>,
              className: 'w-0 whitespace-nowrap',
              cell: (artifact) => (
                <span className="flex justify-end gap-1">
                  {kindOf(artifact) && artifact.size <= MOST_PREVIEW && (
                    <Button kind="ghost" size="iconSm" aria-label={t('preview', { name: artifact.name })} onClick={() => setShown(artifact)}>
                      <Eye aria-hidden />
                    </Button>
                  )}
                  <Button
                    kind="ghost"
                    size="iconSm"
                    aria-label={t('download', { name: artifact.name })}
                    onClick={() => void download(artifact.href, artifact.name).catch((failure) => toast.error(reason(failure)))}
                  >
                    <Download aria-hidden />
                  </Button>
                </span>
              ),
            },
          ]}
        />
      )}
      {shown && (
        <Dialog open wide="most" onOpenChange={() => setShown(undefined)} title={shown.name} description={bytes(shown.size)}>
          <Preview artifact={shown} />
        </Dialog>
      )}
    </Card>
  );
}

type Kind = 'image' | 'pdf' | 'csv' | 'json' | 'text';

function kindOf({ name, contentType }: Artifact): Kind | undefined {
  const end = name.split('.').pop()?.toLowerCase() ?? '';
  // SVG may hold scripts; as a picture it runs none.
  if (contentType.startsWith('image/') || ['png', 'jpg', 'jpeg', 'gif', 'webp', 'svg'].includes(end)) return 'image';
  if (contentType === 'application/pdf' || end === 'pdf') return 'pdf';
  if (contentType.startsWith('text/csv') || end === 'csv') return 'csv';
  if (contentType.endsWith('json') || end === 'json') return 'json';
  if (contentType.startsWith('text/') || ['txt', 'log', 'md', 'xml', 'yaml', 'yml', 'html', 'py'].includes(end)) return 'text';
  return undefined;
}

function Preview({ artifact }: { artifact: Artifact }) {
  const t = useTranslations('artifacts');
  const kind = kindOf(artifact);
  const { data, error } = useQuery({ queryKey: ['artifact', artifact.id], queryFn: () => content(artifact.href), staleTime: Infinity });
  if (error) return <Failure error={error} />;
  if (!data) return <Skeleton className="mb-4 h-64" />;
  if (kind === 'image' || kind === 'pdf') return <Picture blob={data} pdf={kind === 'pdf'} name={artifact.name} label={t('title')} />;
  return <Words id={artifact.id} blob={data} kind={kind} />;
}

function Picture({ blob, pdf, name, label }: { blob: Blob; pdf: boolean; name: string; label: string }) {
  const image = useRef<HTMLImageElement>(null);
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    const url = URL.createObjectURL(pdf ? new Blob([blob], { type: 'application/pdf' }) : blob);
    const shown = image.current ?? frame.current;
    if (shown) shown.src = url;
    return () => URL.revokeObjectURL(url);
  }, [blob, pdf]);
  if (pdf) return <iframe ref={frame} title={name} className="mb-4 h-[65vh] w-full rounded-md border border-border" />;
  // eslint-disable-next-line @next/next/no-img-element -- it comes from memory
  return <img ref={image} alt={`${label}: ${name}`} className="mx-auto mb-4 max-h-[65vh] max-w-full rounded-md border border-border" />;
}

function Words({ id, blob, kind }: { id: string; blob: Blob; kind: Kind | undefined }) {
  const t = useTranslations('artifacts');
  const { data: text } = useQuery({ queryKey: ['text', id], queryFn: () => blob.text(), staleTime: 0, gcTime: 0 });
  if (text === undefined) return <Skeleton className="mb-4 h-64" />;
  if (kind === 'csv') {
    const rows = csv(text).slice(0, MOST_ROWS + 1);
    const [head = [], ...body] = rows;
    const isNumeric = head.map((_, place) => body.length > 0 && body.every((row) => !row[place] || /^-?[\d.,]+ ?%?$/.test(row[place])));
    return (
      <div className="mb-4 max-h-[65vh] overflow-auto rounded-md border border-border" tabIndex={0}>
        <table className="w-full text-left text-xs">
          <thead className="sticky top-0 bg-muted">
            <tr>
              {head.map((cell, index) => (
                <th key={index} scope="col" className={cn('px-3 py-2 font-medium whitespace-nowrap', isNumeric[index] && 'text-right')}>
                  {cell}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {body.map((row, index) => (
              <tr key={index} className="border-t border-border">
                {row.map((cell, place) => (
                  <td key={place} className={cn('px-3 py-1.5 whitespace-nowrap', isNumeric[place] && 'text-right tabular-nums')}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {rows.length > MOST_ROWS && <p className="p-3 text-xs text-soft">{t('firstRows', { count: MOST_ROWS })}</p>}
      </div>
    );
  }
  return (
    <pre tabIndex={0} className="mb-4 max-h-[65vh] overflow-auto rounded-md border border-border bg-background p-3 font-mono text-xs whitespace-pre-wrap">
      {kind === 'json' ? pretty(text) : text}
    </pre>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The rows of CSV (RFC 4180); the separator is the one that the first line has most of. */
export function csv(text: string): string[][] {
  const first = text.slice(0, text.indexOf('\n') < 0 ? undefined : text.indexOf('\n'));
  const separator = [',', ';', '\t'].reduce((best, one) => (first.split(one).length > first.split(best).length ? one : best));
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length && rows.length <= MOST_ROWS + 1; at += 1) {
    const char = text[at];
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === separator) {
      row.push(cell);
      cell = '';
    } else if (char === '\n') {
      rows.push([...row, cell.replace(/\r$/, '')]);
      row = [];
      cell = '';
    } else cell += char;
  }
  if (cell || row.length) rows.push([...row, cell]);
  return rows;
}
