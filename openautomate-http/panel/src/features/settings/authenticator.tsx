'use client';

import { useQuery } from '@tanstack/react-query';
import { KeyRound, ShieldCheck, ShieldOff } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { keys } from '@/lib/query';
import '@/messages/authenticator';

const EnrolDialog = dynamic(() => import('./authenticator-dialog').then((module) => module.AuthenticatorDialog), { ssr: false });
const ProofDialog = dynamic(() => import('./proof-dialog').then((module) => module.ProofDialog), { ssr: false });

/** A second proof at the sign-in: an app on the phone that shows codes. */
export function Authenticator() {
  const t = useTranslations('authenticator');
  const [shown, setShown] = useState<'enrol' | 'codes' | 'off'>();
  const close = () => setShown(undefined);
  const { data, error } = useQuery({ queryKey: keys.totp, queryFn: () => got(api.GET('/api/auth/totp', {})) });
  return (
    <Card title={t('title')}>
      {error ? (
        <Failure error={error} />
      ) : !data ? (
        <SkeletonRows count={2} />
      ) : data.enabled ? (
        <div className="grid gap-4">
          <p className="flex gap-2">
            <ShieldCheck className="mt-0.5 size-4 shrink-0 text-good" aria-hidden />
            <span>
              {t('on')}{' '}
              <span className={data.recoveryCodesLeft < 3 ? 'text-warn' : 'text-soft'}>{t('left', { count: data.recoveryCodesLeft })}</span>
            </span>
          </p>
          <div className="flex flex-wrap gap-2">
            <Button onClick={() => setShown('codes')}>
              <KeyRound aria-hidden /> {t('newCodes')}
            </Button>
            <Button kind="danger" onClick={() => setShown('off')}>
              <ShieldOff aria-hidden /> {t('turnOff')}
            </Button>
          </div>
        </div>
      ) : (
        <div className="grid gap-4">
          <p className="text-soft">{t('off')}</p>
          <div>
            <Button kind="primary" onClick={() => setShown('enrol')}>
              <ShieldCheck aria-hidden /> {t('turnOn')}
            </Button>
          </div>
        </div>
      )}
      {shown === 'enrol' && <EnrolDialog onClose={close} />}
      {(shown === 'codes' || shown === 'off') && <ProofDialog what={shown} onClose={close} />}
    </Card>
  );
}
