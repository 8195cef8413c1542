'use client';

import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Dialog, FormActions } from '@/components/ui/dialog';
import '@/messages/authenticator';
import { Enrolment } from './enrolment';

/** Turns an authenticator on. */
export function AuthenticatorDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('authenticator');
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t('turnOnTitle')} description={t('turnOnText')}>
      <Enrolment back={<Button onClick={onClose}>{t('back')}</Button>} actions={(children) => <FormActions>{children}</FormActions>} onDone={onClose} />
    </Dialog>
  );
}
