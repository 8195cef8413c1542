import { exact, relative, useNow } from '@/lib/time';

/** A time as its distance from now; the exact one on hover. */
export function Ago({ at, className }: { at: string | null | undefined; className?: string }) {
  const now = useNow();
  if (!at) return <span className={className}>–</span>;
  return (
    <time dateTime={at} title={exact(at)} className={className} suppressHydrationWarning>
      {now === 0 ? '' : relative(at, now)}
    </time>
  );
}
