import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { useTranslations } from 'use-intl';
import { cn } from '@/lib/cn';
import '@/messages/common';
import { Button } from './button';
import type { DialogProps } from './dialog';

/** An open dialog. On a phone it comes from below. */
export function OpenDialog({ onOpenChange, title, description, wide, footer, children }: DialogProps) {
  const t = useTranslations('common');
  return (
    <Radix.Root open onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/45 backdrop-blur-[1px]" />
        <Radix.Content
          {...(description ? {} : { 'aria-describedby': undefined })}
          className={cn(
            'fixed z-50 flex max-h-[92dvh] w-full flex-col border border-border bg-surface shadow-xl motion-safe:animate-[appear_140ms_ease-out]',
            'inset-x-0 bottom-0 rounded-t-xl sm:inset-auto sm:top-[8vh] sm:left-1/2 sm:max-h-[84vh] sm:-translate-x-1/2 sm:rounded-xl',
            wide === 'most' ? 'sm:w-[min(72rem,94vw)]' : wide ? 'sm:w-[min(46rem,94vw)]' : 'sm:w-[min(30rem,94vw)]',
          )}
        >
          <header className="flex items-start justify-between gap-4 px-5 pt-4 pb-2">
            <div className="min-w-0">
              <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
              {description && <Radix.Description className="mt-0.5 text-soft">{description}</Radix.Description>}
            </div>
            <Radix.Close asChild>
              <Button kind="ghost" size="iconSm" aria-label={t('close')} className="-mt-1 -mr-2">
                <X aria-hidden />
              </Button>
            </Radix.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 py-2">{children}</div>
          {footer && <footer className="flex flex-wrap justify-end gap-2 border-t border-border px-5 py-3">{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
