'use client';

import { ArrowRight, Undo2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Environment, PackageVersion } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Confirm } from '@/components/ui/confirm';
import { useEnvironments, useMayIn } from '@/lib/lists';
import '@/messages/package';
import { useDeploy } from './deploy';

interface EnvironmentsProps {
  packageId: string;
  versions: PackageVersion[] | undefined;
}

/** Which version each environment has, and the way of a version from one to the next. */
export function Environments({ packageId, versions }: EnvironmentsProps) {
  const t = useTranslations('package');
  const { data: environments } = useEnvironments();
  const [asked, setAsked] = useState<{ from: Environment; to: Environment; version: string }>();
  const [back, setBack] = useState<Environment>();
  const mayDeployIn = useMayIn('DeployVersions');
  const deploy = useDeploy(packageId, () => {
    setAsked(undefined);
    setBack(undefined);
  });
  if (!environments || !versions?.length) return null;
  const activeIn = (id: string) => versions.find((one) => one.activeIn.includes(id));
  return (
    <section aria-label={t('environments')} className="grid gap-3 sm:grid-cols-[repeat(auto-fit,minmax(13rem,1fr))]">
      {environments.map((environment, index) => {
        const active = activeIn(environment.id);
        const next = environments[index + 1];
        return (
          <div key={environment.id} className="flex min-w-0 flex-col justify-between gap-3 rounded-lg border border-border bg-surface p-4 shadow-card">
            <div>
              <h2 className="text-xs font-medium text-soft">{environment.name}</h2>
              <p className="mt-1 truncate text-lg font-semibold tabular-nums">{active?.versionNumber ?? <span className="text-base font-normal text-soft">{t('nothingActive')}</span>}</p>
            </div>
            <div className="flex flex-wrap gap-1.5 empty:hidden">
              {active && next && mayDeployIn(next.id) && activeIn(next.id)?.id !== active.id && (
                <Button size="sm" onClick={() => setAsked({ from: environment, to: next, version: active.versionNumber })}>
                  {t('promoteTo', { name: next.name })} <ArrowRight aria-hidden />
                </Button>
              )}
              {active && versions.length > 1 && mayDeployIn(environment.id) && (
                <Button size="sm" onClick={() => setBack(environment)}>
                  <Undo2 aria-hidden /> {t('rollBack')}
                </Button>
              )}
            </div>
          </div>
        );
      })}
      <Confirm
        open={asked !== undefined}
        onOpenChange={() => setAsked(undefined)}
        title={t('promoteTitle', { version: asked?.version ?? '', name: asked?.to.name ?? '' })}
        text={t('promoteText', { from: asked?.from.name ?? '', to: asked?.to.name ?? '' })}
        action={t('promote')}
        busy={deploy.isPending}
        onConfirm={() => asked && deploy.mutate({ kind: 'promote', from: asked.from.id, to: asked.to.id })}
      />
      <Confirm
        open={back !== undefined}
        onOpenChange={() => setBack(undefined)}
        title={t('rollBackTitle', { name: back?.name ?? '' })}
        text={t('rollBackText')}
        action={t('rollBack')}
        busy={deploy.isPending}
        onConfirm={() => back && deploy.mutate({ kind: 'rollBack', environmentId: back.id })}
      />
    </section>
  );
}
