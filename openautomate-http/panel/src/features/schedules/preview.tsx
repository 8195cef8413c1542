'use client';

import { useQuery } from '@tanstack/react-query';
import { toString } from 'cronstrue';
import { TriangleAlert } from 'lucide-react';
import { useDeferredValue } from 'react';
import { useTranslations } from 'use-intl';
import { Skeleton } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { ApiError } from '@/lib/problem';
import { inZone, relative, useNow } from '@/lib/time';
import '@/messages/schedules';

/** What an expression says in words; nothing if it says nothing. */
export function inWords(expression: string): string | undefined {
  try {
    return toString(expression, { use24HourTimeFormat: true, throwExceptionOnParseError: true });
  } catch {
    return undefined;
  }
}

/** When an expression would run, asked of the server, whose clockwork it is. */
export function usePreview(cronExpression: string, timeZone: string) {
  const expression = useDeferredValue(cronExpression.trim());
  return useQuery({
    queryKey: ['preview', expression, timeZone],
    queryFn: () => got(api.POST('/api/schedules/preview', { body: { cronExpression: expression, timeZone, count: 10 } })),
    enabled: expression !== '',
    retry: false,
    placeholderData: (before) => before,
    staleTime: 60_000,
  });
}

export function Preview({ cronExpression, timeZone }: { cronExpression: string; timeZone: string }) {
  const t = useTranslations('schedules');
  const { data, error, isPending } = usePreview(cronExpression, timeZone);
  const now = useNow();
  const words = inWords(cronExpression);
  if (!cronExpression.trim()) return <p className="text-soft">{t('previewEmpty')}</p>;
  if (error) return <p className="text-bad">{error instanceof ApiError ? error.message : t('previewFailed')}</p>;
  return (
    <div className="grid gap-3" aria-live="polite">
      {words && <p className="font-medium">{words}</p>}
      {isPending ? (
        <Skeleton className="h-32" />
      ) : data.dueTimes.length === 0 ? (
        <p className="text-soft">{t('never')}</p>
      ) : (
        <ol className="grid gap-1">
          {data.dueTimes.map((due) => (
            <li key={due} className="flex justify-between gap-3 tabular-nums">
              <span>{inZone(due, timeZone)}</span>
              <span className="text-soft">{now === 0 ? '' : relative(due, now)}</span>
            </li>
          ))}
        </ol>
      )}
      {data?.warnings.map((warning) => (
        <p key={warning.code + warning.message} className="flex gap-2 rounded-md bg-warn-soft px-3 py-2 text-warn">
          <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
          {warning.message}
        </p>
      ))}
    </div>
  );
}
