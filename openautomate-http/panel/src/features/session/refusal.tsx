import { TriangleAlert } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { cn } from '@/lib/cn';
import '@/messages/external';

/** The refusals of the server that have words of their own, as they stand behind `oidc.` in the address. */
const KNOWN = [
  'denied',
  'expired',
  'not_invited',
  'email_unverified',
  'email_taken',
  'name_taken',
  'last_administrator',
  'provider',
  'busy',
  'linked_elsewhere',
  'signed_out',
] as const;

/** Why a sign-in at another service came to nothing, and what to do; the code is from the address and never shown. */
export function Refusal({ code, className }: { code: string; className?: string }) {
  const t = useTranslations('external');
  const known = KNOWN.find((one) => code === `oidc.${one}`) ?? 'failed';
  return (
    <div role="alert" className={cn('flex gap-2.5 rounded-md border border-bad/35 bg-bad-soft px-3 py-2.5', className)}>
      <TriangleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
      <div className="grid min-w-0 gap-0.5">
        <p className="font-medium text-bad">{t(`refusals.${known}.title`)}</p>
        <p>{t(`refusals.${known}.text`)}</p>
      </div>
    </div>
  );
}
