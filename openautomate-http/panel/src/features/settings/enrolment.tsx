'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import dynamic from 'next/dynamic';
import { useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { CopyButton } from '@/components/ui/copy-button';
import { Field, Input } from '@/components/ui/field';
import { Skeleton } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import '@/messages/authenticator';
import { RecoveryCodeList } from './recovery-codes';

const QrCode = dynamic(() => import('./qr-code').then((module) => module.QrCode), { ssr: false, loading: () => <Skeleton className="size-44" /> });

interface EnrolmentProps {
  /** What ends each step, beside its own button. */
  back?: ReactNode;
  /** Where the buttons stand. */
  actions: (children: ReactNode) => ReactNode;
  onDone: () => void;
}

/** The way to an authenticator: the password, the secret as a picture with a first code, the recovery codes. */
export function Enrolment({ back, actions, onDone }: EnrolmentProps) {
  const t = useTranslations('authenticator');
  const client = useQueryClient();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const begin = useMutation({ mutationFn: () => got(api.POST('/api/auth/totp', { body: { password } })), onSuccess: () => setPassword('') });
  const confirm = useMutation({
    mutationFn: () => got(api.POST('/api/auth/totp/confirm', { body: { totp: code.replaceAll(/\s/g, '') } })),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.totp }),
  });
  const told = (error: unknown, field: string) => (error instanceof ApiError ? (error.field(field) ?? error.message) : error ? reason(error) : undefined);
  if (confirm.data) {
    return (
      <div className="grid gap-4">
        <RecoveryCodeList codes={confirm.data.recoveryCodes} />
        {actions(
          <Button kind="primary" onClick={onDone}>
            {t('kept')}
          </Button>,
        )}
      </div>
    );
  }
  if (begin.data) {
    return (
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          confirm.mutate();
        }}
      >
        <div className="flex flex-wrap items-start gap-4">
          <QrCode text={begin.data.uri} label={t('picture')} />
          <div className="grid min-w-0 flex-1 basis-40 gap-2">
            <p>{t('scan')}</p>
            <p className="text-xs text-soft">{t('orType')}</p>
            <div className="flex items-start gap-1 rounded-md bg-muted py-1 pr-1 pl-3">
              <code className="min-w-0 flex-1 py-1 font-mono text-xs break-all">{begin.data.secret}</code>
              <CopyButton text={begin.data.secret} />
            </div>
          </div>
        </div>
        <Field label={t('code')} hint={t('codeHint')} error={told(confirm.error, 'totp')}>
          {(props) => (
            <Input {...props} autoFocus required inputMode="numeric" autoComplete="one-time-code" className="font-mono tracking-widest" value={code} onChange={(event) => setCode(event.target.value)} />
          )}
        </Field>
        {actions(
          <>
            {back}
            <Button type="submit" kind="primary" busy={confirm.isPending}>
              {t('confirm')}
            </Button>
          </>,
        )}
      </form>
    );
  }
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        begin.mutate();
      }}
    >
      <Field label={t('password')} hint={t('passwordHint')} error={told(begin.error, 'password')}>
        {(props) => <Input {...props} autoFocus type="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />}
      </Field>
      {actions(
        <>
          {back}
          <Button type="submit" kind="primary" busy={begin.isPending}>
            {t('next')}
          </Button>
        </>,
      )}
    </form>
  );
}
