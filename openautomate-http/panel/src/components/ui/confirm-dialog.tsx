import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import '@/messages/common';
import { Button } from './button';
import { Dialog } from './dialog';

export interface ConfirmProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  text: ReactNode;
  action: ReactNode;
  busy?: boolean;
  onConfirm: () => void;
}

/** Asks before something that can't be undone. */
export function ConfirmDialog({ open, onOpenChange, title, text, action, busy, onConfirm }: ConfirmProps) {
  const t = useTranslations('common');
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={title}
      footer={
        <>
          <Button onClick={() => onOpenChange(false)}>{t('back')}</Button>
          <Button kind="danger" busy={busy ?? false} onClick={onConfirm}>
            {action}
          </Button>
        </>
      }
    >
      <p className="pb-2 text-soft">{text}</p>
    </Dialog>
  );
}
