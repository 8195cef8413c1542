import { Download } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { CopyButton } from '@/components/ui/copy-button';
import { save } from '@/lib/api';
import '@/messages/authenticator';

/** Recovery codes, which are shown this once. */
export function RecoveryCodeList({ codes }: { codes: string[] }) {
  const t = useTranslations('authenticator');
  const text = codes.join('\n');
  return (
    <div className="grid gap-3">
      <p>{t('codesText')}</p>
      <ul className="grid gap-y-1 overflow-x-auto rounded-md bg-muted px-4 py-3 font-mono text-[0.8125rem] whitespace-nowrap" data-testid="recovery-codes">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2">
        <CopyButton text={text} label={t('copy')} />
        <Button kind="ghost" size="sm" onClick={() => save(new Blob([`${text}\n`], { type: 'text/plain' }), 'openautomate-recovery-codes.txt')}>
          <Download aria-hidden /> {t('download')}
        </Button>
      </div>
    </div>
  );
}
