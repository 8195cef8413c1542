'use client';

import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Field, Input } from '@/components/ui/field';
import type { SecondProof } from '@/lib/session';
import '@/messages/session';

interface SecondStepProps {
  error: string | undefined;
  busy: boolean;
  action: string;
  onProof: (proof: SecondProof) => void;
  onBack: () => void;
}

/** Asks for the code of an authenticator, or for a recovery code. */
export function SecondStep({ error, busy, action, onProof, onBack }: SecondStepProps) {
  const t = useTranslations('session.second');
  const [isRecovery, setRecovery] = useState(false);
  const [code, setCode] = useState('');
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        onProof(isRecovery ? { recoveryCode: code.trim() } : { totp: code.replaceAll(/\s/g, '') });
      }}
    >
      <Field label={isRecovery ? t('recovery') : t('code')} hint={isRecovery ? t('recoveryHint') : t('codeHint')} error={error}>
        {(props) => (
          <Input
            key={String(isRecovery)}
            {...props}
            autoFocus
            required
            autoComplete="one-time-code"
            inputMode={isRecovery ? 'text' : 'numeric'}
            className="font-mono tracking-widest"
            value={code}
            onChange={(event) => setCode(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" kind="primary" busy={busy}>
        {action}
      </Button>
      <div className="flex flex-wrap justify-between gap-2">
        <Button kind="link" size="sm" className="px-0" onClick={onBack}>
          {t('back')}
        </Button>
        <Button
          kind="link"
          size="sm"
          className="px-0"
          onClick={() => {
            setRecovery(!isRecovery);
            setCode('');
          }}
        >
          {isRecovery ? t('useCode') : t('useRecovery')}
        </Button>
      </div>
    </form>
  );
}
