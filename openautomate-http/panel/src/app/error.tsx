'use client';

import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import '@/messages/errors';

export default function ErrorPage({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  const t = useTranslations('errors');
  return (
    <div role="alert" className="grid justify-items-center gap-3 py-24 text-center">
      <h1 className="text-lg font-semibold">{t('broken')}</h1>
      <p className="max-w-md text-soft">{t('brokenText')}</p>
      <pre className="max-w-full overflow-x-auto rounded-md bg-muted px-3 py-2 text-left font-mono text-xs">{error.message}</pre>
      <Button kind="primary" onClick={reset}>
        {t('again')}
      </Button>
    </div>
  );
}
