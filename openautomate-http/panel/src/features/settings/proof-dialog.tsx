'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Dialog, FormActions } from '@/components/ui/dialog';
import { Field, Input } from '@/components/ui/field';
import { Switch } from '@/components/ui/switch';
import { api, got } from '@/lib/api';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/authenticator';
import { RecoveryCodeList } from './recovery-codes';

/** Makes recovery codes anew, or turns the authenticator off: by the password and a second proof. */
export function ProofDialog({ what, onClose }: { what: 'codes' | 'off'; onClose: () => void }) {
  const t = useTranslations('authenticator');
  const client = useQueryClient();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [isRecovery, setRecovery] = useState(false);
  const run = useMutation({
    mutationFn: async () => {
      const body = { password, ...(isRecovery ? { recoveryCode: code.trim() } : { totp: code.replaceAll(/\s/g, '') }) };
      if (what === 'codes') return got(api.POST('/api/auth/totp/recovery-codes', { body }));
      await got(api.POST('/api/auth/totp/disable', { body }));
      return undefined;
    },
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: keys.totp });
      if (made) return;
      toast.success(t('isOff'));
      onClose();
    },
  });
  const failed = run.error instanceof ApiError ? run.error : undefined;
  const wrongCode = failed?.field('totp') ?? failed?.field('recoveryCode');
  const wrongPassword = failed?.field('password');
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={what === 'codes' ? t('newCodes') : t('turnOffTitle')}
      description={run.data ? undefined : what === 'codes' ? t('newCodesText') : t('turnOffText')}
    >
      {run.data ? (
        <div className="grid gap-4">
          <RecoveryCodeList codes={run.data.recoveryCodes} />
          <FormActions>
            <Button kind="primary" onClick={onClose}>
              {t('kept')}
            </Button>
          </FormActions>
        </div>
      ) : (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            run.mutate();
          }}
        >
          <Field label={t('password')} error={wrongPassword}>
            {(props) => <Input {...props} type="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />}
          </Field>
          <Field label={isRecovery ? t('recoveryCode') : t('code')} error={wrongCode}>
            {(props) => <Input {...props} required autoComplete="one-time-code" className="font-mono tracking-widest" value={code} onChange={(event) => setCode(event.target.value)} />}
          </Field>
          <label className="flex items-center gap-2.5">
            <Switch checked={isRecovery} onCheckedChange={setRecovery} />
            {t('withRecovery')}
          </label>
          {run.error && !wrongCode && !wrongPassword && (
            <p role="alert" className="break-words text-bad">
              {reason(run.error)}
            </p>
          )}
          <FormActions>
            <Button onClick={onClose}>{t('back')}</Button>
            <Button type="submit" kind={what === 'off' ? 'danger' : 'primary'} busy={run.isPending}>
              {what === 'codes' ? t('makeCodes') : t('turnOff')}
            </Button>
          </FormActions>
        </form>
      )}
    </Dialog>
  );
}
