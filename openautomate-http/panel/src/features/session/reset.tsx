'use client';

import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Field, Input } from '@/components/ui/field';
import { api, got } from '@/lib/api';
import { useHydrated } from '@/lib/hydrated';
import { Link, useGo } from '@/lib/nav';
import { ApiError } from '@/lib/problem';
import { reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/session';
import { SessionFrame } from './frame';

/** Sets a new password by a link that an administrator made; the token stands behind the `#`, which no server sees. */
export function Reset() {
  const t = useTranslations('session.reset');
  const hydrated = useHydrated();
  const go = useGo();
  const [password, setPassword] = useState('');
  const token = hydrated ? (new URLSearchParams(window.location.hash.slice(1)).get('token') ?? '') : '';
  const set = useMutation({
    mutationFn: () => got(api.POST('/api/auth/password-reset', { body: { token, password } })),
    onSuccess: () => {
      toast.success(t('done'));
      // The token was used; it shall not stay in the history.
      go('/login', { replace: true });
    },
  });
  const wrong = set.error instanceof ApiError ? set.error.field('password') : undefined;
  if (hydrated && !token) {
    return (
      <SessionFrame title={t('title')} text={t('noToken')}>
        <Button asChild className="w-full">
          <Link href="/login">{t('toLogin')}</Link>
        </Button>
      </SessionFrame>
    );
  }
  return (
    <SessionFrame title={t('title')} text={t('text')}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          set.mutate();
        }}
      >
        <Field label={t('password')} hint={t('hint')} error={wrong}>
          {(props) => (
            <Input {...props} type="password" autoFocus autoComplete="new-password" minLength={8} required value={password} onChange={(event) => setPassword(event.target.value)} />
          )}
        </Field>
        {set.error && !wrong && (
          <p role="alert" className="break-words text-bad">
            {reason(set.error)}
          </p>
        )}
        <Button type="submit" kind="primary" busy={set.isPending} disabled={!hydrated || set.isPending}>
          {t('set')}
        </Button>
      </form>
    </SessionFrame>
  );
}
