'use client';

import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Link } from '@/lib/nav';
import '@/messages/errors';

export default function NotFound() {
  const t = useTranslations('errors');
  return (
    <div className="grid justify-items-center gap-3 py-24 text-center">
      <p className="text-4xl font-semibold text-soft">404</p>
      <h1 className="text-lg font-semibold">{t('notFound')}</h1>
      <p className="max-w-sm text-soft">{t('notFoundText')}</p>
      <Button asChild kind="primary">
        <Link href="/">{t('home')}</Link>
      </Button>
    </div>
  );
}
