import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import '@/messages/common';
import { Button } from './button';

/** Copies a text; says so where it stands. */
export function CopyButton({ text, label }: { text: string; label?: string }) {
  const t = useTranslations('common');
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1_500);
  };
  return (
    <Button
      kind="ghost"
      size={label ? 'sm' : 'iconSm'}
      aria-label={label ? undefined : t('copy')}
      title={t('copy')}
      onClick={() => void copy()}
    >
      {done ? <Check className="text-good" aria-hidden /> : <Copy aria-hidden />}
      {label}
      <span className="sr-only" role="status">
        {done ? t('copied') : ''}
      </span>
    </Button>
  );
}
