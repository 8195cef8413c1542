'use client';

import { useMutation } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import type { User } from '@/api/types';
import { Button } from '@/components/ui/button';
import { CopyButton } from '@/components/ui/copy-button';
import { Dialog } from '@/components/ui/dialog';
import { api, got } from '@/lib/api';
import { reason } from '@/lib/query';
import { exact } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/users';
import type { Help } from './help';

/** Helps somebody who can't sign in any more, or whom somebody else may have signed in as. */
export function AccessDialog({ user, help, onClose }: { user: User; help: Help; onClose: () => void }) {
  const t = useTranslations('users.help');
  const run = useMutation({
    mutationFn: async () => {
      const params = { path: { id: user.id } };
      if (help === 'resetPassword') return got(api.POST('/api/users/{id}/password-reset', { params }));
      await got(help === 'resetTotp' ? api.DELETE('/api/users/{id}/totp', { params }) : api.DELETE('/api/users/{id}/sessions', { params }));
      return undefined;
    },
    onSuccess: (made) => {
      if (made) return;
      toast.success(t(`${help}.done`));
      onClose();
    },
  });
  const link = run.data && `${window.location.origin}/reset#token=${run.data.token}`;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t(`${help}.title`, { name: user.username })}
      footer={
        link ? (
          <>
            <CopyButton text={link} label={t('copyLink')} />
            <Button kind="primary" onClick={onClose}>
              {t('close')}
            </Button>
          </>
        ) : (
          <>
            <Button onClick={onClose}>{t('back')}</Button>
            <Button kind={help === 'resetPassword' ? 'primary' : 'danger'} busy={run.isPending} onClick={() => run.mutate()}>
              {t(`${help}.action`)}
            </Button>
          </>
        )
      }
    >
      <div className="grid gap-3 pb-3">
        {link ? (
          <>
            <p>{t('sendLink', { name: user.username })}</p>
            <pre className="rounded-md border border-border bg-background p-3 font-mono text-xs leading-5 break-all whitespace-pre-wrap" data-testid="reset-link">
              {link}
            </pre>
            <p className="text-xs text-soft">{t('goodUntil', { at: exact(run.data?.expiresAt ?? '') })}</p>
          </>
        ) : (
          <p className="text-soft">{t(`${help}.text`)}</p>
        )}
        {run.error && (
          <p role="alert" className="break-words text-bad">
            {reason(run.error)}
          </p>
        )}
      </div>
    </Dialog>
  );
}
