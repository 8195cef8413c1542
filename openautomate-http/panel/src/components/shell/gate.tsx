'use client';

import { useQueryClient } from '@tanstack/react-query';
import dynamic from 'next/dynamic';
import { useEffect, useRef, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { useMe } from '@/lib/lists';
import { live } from '@/lib/live';
import { useGo, usePath } from '@/lib/nav';
import { restore, useSession } from '@/lib/session';
import '@/messages/session';
import { Shell, ShellSkeleton } from './shell';

const MustEnrol = dynamic(() => import('@/features/session/must-enrol').then((module) => module.MustEnrol), { ssr: false });

/** Screens for people who are not signed in. */
const OPEN = ['/login', '/setup', '/reset'];

/** Shows screens to people who are signed in, and leads the others to where they sign in. */
export function Gate({ children }: { children: ReactNode }) {
  const { status } = useSession();
  const path = usePath();
  const go = useGo();
  const isOpen = OPEN.includes(path);

  useEffect(() => {
    if (status === 'unknown' && !isOpen) void restore();
  }, [status, isOpen]);

  const client = useQueryClient();
  const wasIn = useRef(false);
  useEffect(() => {
    // What one person read is nothing for the next; what the sign-in itself reads stays.
    if (status === 'out' && wasIn.current) client.clear();
    wasIn.current = status === 'in';
  }, [status, client]);

  useEffect(() => {
    if (status !== 'out' || isOpen) return;
    const here = window.location.pathname + window.location.search;
    go(here === '/' ? '/login' : `/login?next=${encodeURIComponent(here)}`, { replace: true });
    // Going there is done once for each change.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [status, isOpen]);

  if (isOpen) return children;
  if (status === 'in') return <Inside>{children}</Inside>;
  return status === 'unreachable' ? <Unreachable onRetry={() => void restore()} /> : <ShellSkeleton />;
}

/** The screens, unless something is asked of the person first. Nothing is shown before it is known what they may. */
function Inside({ children }: { children: ReactNode }) {
  const { data: me, error, refetch } = useMe();
  const isIn = me?.totpEnrolmentRequired === false;
  useEffect(() => {
    if (!isIn) return;
    live.start();
    return () => live.stop();
  }, [isIn]);
  if (!me) return error ? <Unreachable onRetry={() => void refetch()} /> : <ShellSkeleton />;
  return isIn ? <Shell>{children}</Shell> : <MustEnrol />;
}

/** Where nothing can be shown, since the server does not answer. */
function Unreachable({ onRetry }: { onRetry: () => void }) {
  const t = useTranslations('session');
  return (
    <main className="grid min-h-dvh place-items-center p-6">
      <div className="grid max-w-sm justify-items-center gap-4 text-center">
        <h1 className="text-lg font-semibold">{t('unreachableTitle')}</h1>
        <p className="text-soft">{t('unreachable')}</p>
        <Button kind="primary" onClick={onRetry}>
          {t('tryAgain')}
        </Button>
      </div>
    </main>
  );
}
