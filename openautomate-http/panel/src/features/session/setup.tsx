'use client';

import { useState, type FormEvent } from 'react';
import { useTranslations } from 'use-intl';
import { api, got } from '@/lib/api';
import { Button } from '@/components/ui/button';
import { Field, Input } from '@/components/ui/field';
import { useHydrated } from '@/lib/hydrated';
import { Link, useGo } from '@/lib/nav';
import { ApiError } from '@/lib/problem';
import { reason } from '@/lib/query';
import { logIn } from '@/lib/session';
import '@/messages/session';
import { SessionFrame } from './frame';

/** What the link brings: behind `#`, so that it is in no log. */
function fromLink(): { token: string; email: string } {
  const parts = new URLSearchParams(window.location.hash.slice(1));
  return { token: parts.get('token') ?? '', email: parts.get('email') ?? '' };
}

/** The first administrator's account, and that of everybody who was invited. */
export function Setup() {
  const t = useTranslations('session');
  const hydrated = useHydrated();
  if (!hydrated) return <SessionFrame title={t('setUp')}>{null}</SessionFrame>;
  const { token, email } = fromLink();
  if (!token) {
    return (
      <SessionFrame title={t('setUp')} text={t('noToken')}>
        <Button asChild kind="plain" className="w-full">
          <Link href="/login">{t('toLogin')}</Link>
        </Button>
      </SessionFrame>
    );
  }
  return <SetupForm token={token} invited={email} />;
}

function SetupForm({ token, invited }: { token: string; invited: string }) {
  const t = useTranslations('session');
  const go = useGo();
  const [username, setUsername] = useState('');
  const [email, setEmail] = useState(invited);
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const wrong = (field: string) => (error instanceof ApiError ? error.field(field) : undefined);
  const rest = error && !(error instanceof ApiError && ['username', 'email', 'password'].some(wrong)) ? reason(error) : undefined;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await got(api.POST('/api/auth/register', { body: { username, email, password, invitationToken: token } }));
      await logIn(username, password);
      // The token was used; it shall not stay in the history.
      go('/', { replace: true });
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  return (
    <SessionFrame title={t('setUp')} text={t('setUpText')}>
      <form className="grid gap-4" onSubmit={(event) => void submit(event)}>
        <Field label={t('newUsername')} error={wrong('username')}>
          {(props) => (
            <Input {...props} autoFocus autoComplete="username" required value={username} onChange={(event) => setUsername(event.target.value)} />
          )}
        </Field>
        <Field label={t('email')} error={wrong('email')}>
          {(props) => (
            <Input {...props} type="email" autoComplete="email" required value={email} onChange={(event) => setEmail(event.target.value)} />
          )}
        </Field>
        <Field label={t('password')} hint={t('passwordHint')} error={wrong('password')}>
          {(props) => (
            <Input
              {...props}
              type="password"
              autoComplete="new-password"
              minLength={8}
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        {rest && (
          <p role="alert" className="text-bad">
            {rest}
          </p>
        )}
        <Button type="submit" kind="primary" busy={busy}>
          {t('create')}
        </Button>
      </form>
    </SessionFrame>
  );
}
