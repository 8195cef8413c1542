'use client';

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ChevronRight, Download, Ellipsis, File, FileUp, Folder, FolderOpen, Pencil, Trash2 } from 'lucide-react';
import dynamic from 'next/dynamic';
import { parseAsString, useQueryState } from 'nuqs';
import { useId, useState, type DragEvent } from 'react';
import { useTranslations } from 'use-intl';
import type { Bucket, BucketObject } from '@/api/types';
import { Page } from '@/components/page';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Confirm } from '@/components/ui/confirm';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Menu, MenuItem } from '@/components/ui/menu';
import { Skeleton, SkeletonRows } from '@/components/ui/skeleton';
import { api, download, got, upload } from '@/lib/api';
import { useMay } from '@/lib/lists';
import { useGo, usePathId } from '@/lib/nav';
import { keys, reason } from '@/lib/query';
import { bytes } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/buckets';

const BucketDialog = dynamic(() => import('./bucket-dialog').then((module) => module.BucketDialog), { ssr: false });

type Row = { folder: string } | { object: BucketObject };

/** The last part of a key or of a folder. */
function lastPart(path: string): string {
  return path.replace(/\/$/, '').split('/').at(-1) ?? path;
}

export function BucketDetail() {
  const t = useTranslations('buckets');
  const id = usePathId();
  const { data, error, refetch } = useQuery({
    queryKey: [...keys.buckets, 'one', id],
    queryFn: () => got(api.GET('/api/buckets/{id}', { params: { path: { id } } })),
    enabled: id !== '',
  });
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) {
    return (
      <div className="grid gap-5" aria-busy>
        <Skeleton className="h-8 w-64" />
        <Skeleton className="h-56" />
      </div>
    );
  }
  return <Opened bucket={data} title={t('title')} />;
}

/** Sends files one after the other, and says how far it is. */
function useUploads(bucketId: string, folder: string) {
  const t = useTranslations('buckets');
  const client = useQueryClient();
  const [now, setNow] = useState<{ name: string; part: number }>();
  const send = useMutation({
    mutationFn: async (files: File[]) => {
      for (const file of files) {
        setNow({ name: file.name, part: 0 });
        const path = `/api/buckets/${bucketId}/object?${new URLSearchParams({ key: folder + file.name })}`;
        await upload(path, file, file.type || 'application/octet-stream', (part) => setNow({ name: file.name, part }), 'PUT');
      }
      return files.length;
    },
    onSuccess: (count) => toast.success(t('uploaded', { count })),
    onError: (error) => toast.error(reason(error)),
    onSettled: () => {
      setNow(undefined);
      void client.invalidateQueries({ queryKey: keys.buckets });
    },
  });
  return { now, send };
}

function Opened({ bucket, title }: { bucket: Bucket; title: string }) {
  const t = useTranslations('buckets');
  const [folder, setFolder] = useQueryState('folder', parseAsString.withDefault(''));
  const mayWrite = useMay('WriteObjects', bucket.environmentId) ?? false;
  const { now, send } = useUploads(bucket.id, folder);
  const [over, setOver] = useState(false);
  const list = useInfiniteQuery({
    queryKey: [...keys.buckets, 'objects', bucket.id, folder],
    queryFn: ({ pageParam }) =>
      got(
        api.GET('/api/buckets/{id}/objects', {
          params: { path: { id: bucket.id }, query: { limit: 200, delimiter: '/', ...(folder ? { prefix: folder } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const folders = [...new Set(list.data?.pages.flatMap((page) => page.prefixes))];
  const rows: Row[] = [...folders.map((one) => ({ folder: one })), ...(list.data?.pages.flatMap((page) => page.items) ?? []).map((object) => ({ object }))];
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (mayWrite && event.dataTransfer.files.length > 0 && !send.isPending) send.mutate([...event.dataTransfer.files]);
  };
  return (
    <div
      onDragOver={(event) => {
        event.preventDefault();
        if (mayWrite) setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={drop}
      className="min-h-[calc(100dvh-6rem)]"
    >
      <Page
        name={bucket.name}
        title={bucket.name}
        parent={{ path: '/buckets', name: title }}
        aside={
          <span className="text-soft tabular-nums">
            {t('count', { count: bucket.objectCount })} · {t('of', { used: bytes(bucket.usedBytes), most: bytes(bucket.maxBytes) })}
          </span>
        }
        actions={<Actions bucket={bucket} mayWrite={mayWrite} busy={send.isPending} onFiles={(files) => send.mutate(files)} />}
      >
        {bucket.description && <p className="-mt-2 max-w-3xl text-soft">{bucket.description}</p>}
        {over && (
          <p role="status" className="rounded-lg border border-dashed border-accent bg-accent-soft px-4 py-3 text-center font-medium text-accent">
            {t('drop', { folder: folder || t('root') })}
          </p>
        )}
        {now && (
          <div className="grid gap-1.5 rounded-lg border border-border bg-surface px-4 py-3">
            <p className="flex justify-between gap-3">
              <span className="truncate">{t('uploading', { name: now.name })}</span>
              <span className="tabular-nums">{Math.round(now.part * 100)} %</span>
            </p>
            <div className="h-1.5 overflow-hidden rounded-full bg-muted">
              <div className="h-full bg-accent transition-[width]" style={{ width: `${now.part * 100}%` }} />
            </div>
          </div>
        )}
        <Card flush {...(folder ? { title: <Crumbs bucket={bucket.name} folder={folder} onOpen={(path) => void setFolder(path || null)} /> } : {})}>
          {list.isPending ? (
            <SkeletonRows />
          ) : list.error ? (
            <Failure error={list.error} onRetry={() => void list.refetch()} />
          ) : rows.length === 0 ? (
            <Empty icon={FolderOpen} title={t('empty')} {...(mayWrite ? { text: t('emptyText') } : {})} />
          ) : (
            <Rows bucketId={bucket.id} rows={rows} mayWrite={mayWrite} onOpen={(path) => void setFolder(path)} />
          )}
          {list.hasNextPage && (
            <div className="border-t border-border p-3 text-center">
              <Button kind="ghost" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                {t('more')}
              </Button>
            </div>
          )}
        </Card>
      </Page>
    </div>
  );
}

/** Where in the bucket somebody is, each part a way back. */
function Crumbs({ bucket, folder, onOpen }: { bucket: string; folder: string; onOpen: (path: string) => void }) {
  const t = useTranslations('buckets');
  const parts = folder.split('/').filter(Boolean);
  const crumbs = [{ name: bucket, path: '' }, ...parts.map((name, index) => ({ name, path: `${parts.slice(0, index + 1).join('/')}/` }))];
  return (
    <span role="navigation" aria-label={t('path')} className="flex flex-wrap items-center gap-1">
      {crumbs.map(({ name, path }, index) => (
        <span key={path} className="flex items-center gap-1">
          {index > 0 && <ChevronRight className="size-3.5 text-soft" aria-hidden />}
          {index === crumbs.length - 1 ? (
            <span>{name}</span>
          ) : (
            <button type="button" className="text-accent hover:underline" onClick={() => onOpen(path)}>
              {name}
            </button>
          )}
        </span>
      ))}
    </span>
  );
}

function Rows({ bucketId, rows, mayWrite, onOpen }: { bucketId: string; rows: Row[]; mayWrite: boolean; onOpen: (path: string) => void }) {
  const t = useTranslations('buckets');
  const client = useQueryClient();
  const [asking, setAsking] = useState<BucketObject>();
  const remove = useMutation({
    mutationFn: ({ key }: BucketObject) => got(api.DELETE('/api/buckets/{id}/object', { params: { path: { id: bucketId }, query: { key } } })),
    onSuccess: () => toast.success(t('deleted')),
    onError: (error) => toast.error(reason(error)),
    onSettled: () => {
      setAsking(undefined);
      void client.invalidateQueries({ queryKey: keys.buckets });
    },
  });
  const save = ({ key }: BucketObject) =>
    void download(`/api/buckets/${bucketId}/object/content?${new URLSearchParams({ key })}`, lastPart(key)).catch((error) => toast.error(reason(error)));
  return (
    <>
      <Table
        label={t('files')}
        rows={rows}
        rowKey={(row) => ('folder' in row ? row.folder : row.object.key)}
        columns={[
          {
            id: 'name',
            header: t('name'),
            className: 'max-w-0 w-full',
            cell: (row) =>
              'folder' in row ? (
                <button type="button" className="flex max-w-full items-center gap-2 font-medium hover:text-accent hover:underline" onClick={() => onOpen(row.folder)}>
                  <Folder className="size-4 shrink-0 text-accent" aria-hidden /> <span className="truncate">{lastPart(row.folder)}</span>
                </button>
              ) : (
                <span className="flex items-center gap-2">
                  <File className="size-4 shrink-0 text-soft" aria-hidden />
                  <span className="truncate" title={row.object.key}>
                    {lastPart(row.object.key)}
                  </span>
                </span>
              ),
          },
          { id: 'size', header: t('size'), className: 'whitespace-nowrap tabular-nums', cell: (row) => ('folder' in row ? '–' : bytes(row.object.size)) },
          { id: 'type', header: t('type'), className: 'hidden whitespace-nowrap text-soft lg:table-cell', cell: (row) => ('folder' in row ? '–' : row.object.contentType) },
          { id: 'written', header: t('written'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (row) => ('folder' in row ? '–' : <Ago at={row.object.writtenAt} />) },
          {
            id: 'actions',
            header: <span className="sr-only">{t('actions')}</span>,
            className: 'w-0 text-right',
            cell: (row) =>
              'object' in row && (
                <span className="flex justify-end gap-1">
                  <Button kind="ghost" size="iconSm" aria-label={t('download', { name: lastPart(row.object.key) })} onClick={() => save(row.object)}>
                    <Download aria-hidden />
                  </Button>
                  {mayWrite && (
                    <Button kind="ghost" size="iconSm" aria-label={t('deleteFile', { name: lastPart(row.object.key) })} onClick={() => setAsking(row.object)}>
                      <Trash2 aria-hidden />
                    </Button>
                  )}
                </span>
              ),
          },
        ]}
      />
      <Confirm
        open={asking !== undefined}
        onOpenChange={(open) => !open && setAsking(undefined)}
        title={t('deleteTitle', { name: lastPart(asking?.key ?? '') })}
        text={t('deleteFileText')}
        action={t('delete')}
        busy={remove.isPending}
        onConfirm={() => asking && remove.mutate(asking)}
      />
    </>
  );
}

function Actions({ bucket, mayWrite, busy, onFiles }: { bucket: Bucket; mayWrite: boolean; busy: boolean; onFiles: (files: File[]) => void }) {
  const t = useTranslations('buckets');
  const client = useQueryClient();
  const go = useGo();
  const input = useId();
  const [shown, setShown] = useState<'edit' | 'delete'>();
  const mayManage = useMay('ManageBuckets', bucket.environmentId);
  const close = () => setShown(undefined);
  const remove = useMutation({
    mutationFn: () => got(api.DELETE('/api/buckets/{id}', { params: { path: { id: bucket.id } } })),
    onSuccess: () => {
      toast.success(t('deleted'));
      go('/buckets', { replace: true });
      void client.invalidateQueries({ queryKey: [...keys.buckets, 'list'] });
    },
    onError: (error) => toast.error(reason(error)),
    onSettled: close,
  });
  return (
    <>
      {mayWrite && (
        <>
          <input
            id={input}
            type="file"
            multiple
            aria-label={t('upload')}
            tabIndex={-1}
            className="sr-only"
            onChange={(event) => {
              const files = [...(event.target.files ?? [])];
              event.target.value = '';
              if (files.length > 0) onFiles(files);
            }}
          />
          <Button kind="primary" busy={busy} onClick={() => document.getElementById(input)?.click()}>
            <FileUp aria-hidden /> {t('upload')}
          </Button>
        </>
      )}
      {mayManage && (
        <Menu
          trigger={
            <Button size="icon" aria-label={t('actions')}>
              <Ellipsis aria-hidden />
            </Button>
          }
        >
          <MenuItem onSelect={() => setShown('edit')}>
            <Pencil aria-hidden /> {t('edit')}
          </MenuItem>
          <MenuItem danger onSelect={() => setShown('delete')}>
            <Trash2 aria-hidden /> {t('delete')}
          </MenuItem>
        </Menu>
      )}
      {shown === 'edit' && <BucketDialog bucket={bucket} onClose={close} />}
      <Confirm
        open={shown === 'delete'}
        onOpenChange={(open) => !open && close()}
        title={t('deleteTitle', { name: bucket.name })}
        text={t('deleteText')}
        action={t('delete')}
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
      />
    </>
  );
}
