import { TriangleAlert } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { ApiError } from '@/lib/problem';
import { reason } from '@/lib/query';
import '@/messages/common';
import { Button } from './button';

/** What went wrong, what to do, and the id to tell whoever looks into the server's log. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useTranslations('common');
  const problem = error instanceof ApiError ? error.problem : undefined;
  return (
    <div role="alert" className="flex flex-col items-center gap-3 px-6 py-10 text-center">
      <TriangleAlert className="size-6 text-bad" aria-hidden />
      <div className="grid max-w-lg gap-1">
        <p className="font-medium">{problem?.title ?? t('failed')}</p>
        <p className="break-words text-soft">{reason(error)}</p>
        {problem?.requestId && (
          <p className="text-xs text-soft">
            {t('requestId')} <code className="font-mono">{problem.requestId}</code>
          </p>
        )}
      </div>
      {onRetry && <Button onClick={onRetry}>{t('retry')}</Button>}
    </div>
  );
}
