'use client';

import { Columns2, Download, Ellipsis, FolderTree, Package as PackageIcon, Play, Plus, Rocket } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { PackageVersion } from '@/api/types';
import { Table } from '@/components/table';
import { Ago } from '@/components/ui/ago';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { CopyButton } from '@/components/ui/copy-button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Menu, MenuItem, MenuLabel, MenuLine } from '@/components/ui/menu';
import { SkeletonRows } from '@/components/ui/skeleton';
import { download } from '@/lib/api';
import { useEnvironments, useEnvironmentsFor, useMay, useNames } from '@/lib/lists';
import { reason } from '@/lib/query';
import { bytes } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/package';
import { useDeploy } from './deploy';

const CompareDialog = dynamic(() => import('./compare-dialog').then((module) => module.CompareDialog), { ssr: false });
const FilesDialog = dynamic(() => import('./files-dialog').then((module) => module.FilesDialog), { ssr: false });
const RunDialog = dynamic(() => import('../run/run-dialog').then((module) => module.RunDialog), { ssr: false });

interface VersionsProps {
  packageId: string;
  versions: PackageVersion[] | undefined;
  error: unknown;
  onAdd: (() => void) | undefined;
}

export function Versions({ packageId, versions, error, onAdd }: VersionsProps) {
  const t = useTranslations('package');
  const { data: environments } = useEnvironments();
  const environmentName = useNames(environments);
  const deploy = useDeploy(packageId);
  const [running, setRunning] = useState<string>();
  const [compared, setCompared] = useState<PackageVersion>();
  const [opened, setOpened] = useState<PackageVersion>();
  const mayRun = useMay('RunExecutions');
  const places = useEnvironmentsFor('DeployVersions') ?? [];
  const mayDownload = useMay('DownloadPackages');
  const fetchZip = (one: PackageVersion) =>
    void download(`/api/packages/${packageId}/versions/${one.id}/content`, `${one.versionNumber}.zip`).catch((failure) => toast.error(reason(failure)));
  if (error) return <Failure error={error} />;
  if (!versions) return <SkeletonRows count={3} />;
  if (versions.length === 0) {
    return (
      <Empty icon={PackageIcon} title={t('noVersions')} text={t('noVersionsText')}>
        {onAdd && (
          <Button kind="primary" onClick={onAdd}>
            <Plus aria-hidden /> {t('addVersion')}
          </Button>
        )}
      </Empty>
    );
  }
  return (
    <>
      <Table
        label={t('versions')}
        rows={versions}
        rowKey={(one) => one.id}
        columns={[
          { id: 'number', header: t('version'), className: 'font-medium whitespace-nowrap', cell: (one) => one.versionNumber },
          {
            id: 'active',
            header: t('activeIn'),
            cell: (one) => (
              <span className="flex flex-wrap gap-1">
                {one.activeIn.length === 0 && <span className="text-soft">–</span>}
                {one.activeIn.map((id) => (
                  <Badge key={id} tone="good">
                    {environmentName(id)}
                  </Badge>
                ))}
              </span>
            ),
          },
          { id: 'size', header: t('size'), className: 'hidden whitespace-nowrap text-soft tabular-nums md:table-cell', cell: (one) => bytes(one.size) },
          {
            id: 'digest',
            header: t('digest'),
            className: 'hidden lg:table-cell',
            cell: (one) => (
              <span className="flex items-center gap-1">
                <code className="font-mono text-xs text-soft">{one.digest.slice(0, 12)}</code>
                <CopyButton text={one.digest} />
              </span>
            ),
          },
          { id: 'created', header: t('published'), className: 'hidden whitespace-nowrap text-soft sm:table-cell', cell: (one) => <Ago at={one.createdAt} /> },
          {
            id: 'actions',
            header: <span className="sr-only">{t('actions')}</span>,
            className: 'w-0 text-right',
            cell: (one) => (
              <Menu
                trigger={
                  <Button kind="ghost" size="iconSm" aria-label={t('actionsOf', { version: one.versionNumber })}>
                    <Ellipsis aria-hidden />
                  </Button>
                }
              >
                {mayRun && (
                  <MenuItem onSelect={() => setRunning(one.id)}>
                    <Play aria-hidden /> {t('run')}
                  </MenuItem>
                )}
                {versions.length > 1 && (
                  <MenuItem onSelect={() => setCompared(one)}>
                    <Columns2 aria-hidden /> {t('compare')}
                  </MenuItem>
                )}
                {mayDownload && (
                  <>
                    <MenuItem onSelect={() => setOpened(one)}>
                      <FolderTree aria-hidden /> {t('files')}
                    </MenuItem>
                    <MenuItem onSelect={() => fetchZip(one)}>
                      <Download aria-hidden /> {t('download')}
                    </MenuItem>
                  </>
                )}
                {places.length > 0 && (
                  <>
                    <MenuLine />
                    <MenuLabel>{t('deployTo')}</MenuLabel>
                    {places.map((environment) => (
                      <MenuItem
                        key={environment.id}
                        disabled={one.activeIn.includes(environment.id)}
                        onSelect={() => deploy.mutate({ kind: 'deploy', versionId: one.id, environmentId: environment.id })}
                      >
                        <Rocket aria-hidden /> {environment.name}
                      </MenuItem>
                    ))}
                  </>
                )}
              </Menu>
            ),
          },
        ]}
      />
      {opened && <FilesDialog version={opened} onDownload={() => fetchZip(opened)} onClose={() => setOpened(undefined)} />}
      {compared && <CompareDialog versions={versions} first={compared} onClose={() => setCompared(undefined)} />}
      {running && <RunDialog packageId={packageId} versionId={running} onClose={() => setRunning(undefined)} />}
    </>
  );
}
