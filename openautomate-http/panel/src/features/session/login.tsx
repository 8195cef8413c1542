'use client';

import { useEffect, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Field, Input } from '@/components/ui/field';
import { useHydrated } from '@/lib/hydrated';
import { useGo } from '@/lib/nav';
import { ApiError } from '@/lib/problem';
import { reason } from '@/lib/query';
import { logIn, restore, useSession, type SecondProof } from '@/lib/session';
import '@/messages/session';
import { SessionFrame } from './frame';
import { Providers } from './providers';
import { Refusal } from './refusal';
import { SecondStep } from './second-step';

/** Where somebody wanted to go; never to another server. */
function wanted(): string {
  const next = new URLSearchParams(window.location.search).get('next') ?? '/';
  return next.startsWith('/') && !next.startsWith('//') && !next.startsWith('/\\') ? next : '/';
}

/** Why a sign-in at another service was refused; a code of the server's. */
function refusal(): string {
  return new URLSearchParams(window.location.search).get('error') ?? '';
}

export function Login() {
  const t = useTranslations('session');
  const { status } = useSession();
  const go = useGo();
  const hydrated = useHydrated();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [isAsked, setAsked] = useState(false);

  useEffect(() => {
    if (status === 'unknown') void restore();
    // What was refused to somebody who is signed in was a link to an account elsewhere.
    if (status === 'in') go(refusal() ? `/settings?error=${encodeURIComponent(refusal())}` : wanted(), { replace: true });
    // Once for each change.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [status]);

  const submit = async (proof?: SecondProof) => {
    setBusy(true);
    setError(undefined);
    try {
      await logIn(username, password, proof);
    } catch (failure) {
      if (!proof && failure instanceof ApiError && failure.problem?.code === 'totpRequired') {
        setAsked(true);
        return;
      }
      setError(reason(failure));
      if (!proof) setPassword('');
    } finally {
      setBusy(false);
    }
  };

  const back = () => {
    setAsked(false);
    setPassword('');
    setError(undefined);
  };
  if (isAsked) {
    return (
      <SessionFrame title={t('second.title')} text={t('second.text')}>
        <SecondStep error={error} busy={busy} action={t('logIn')} onProof={(proof) => void submit(proof)} onBack={back} />
      </SessionFrame>
    );
  }
  return (
    <SessionFrame title={t('logIn')}>
      {hydrated && refusal() && !error && <Refusal code={refusal()} className="mb-5" />}
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Field label={t('username')}>
          {(props) => (
            <Input {...props} autoFocus autoComplete="username" required value={username} onChange={(event) => setUsername(event.target.value)} />
          )}
        </Field>
        <Field label={t('password')} error={error}>
          {(props) => (
            <Input
              {...props}
              type="password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" kind="primary" busy={busy} disabled={!hydrated || busy}>
          {t('logIn')}
        </Button>
      </form>
      <Providers wanted={wanted} />
      <p className="mt-4 text-xs text-soft">{t('noAccount')}</p>
    </SessionFrame>
  );
}
