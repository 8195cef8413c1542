import { duration, useNow } from '@/lib/time';

/** How long something runs, as it runs. */
export function Running({ since }: { since: string }) {
  const now = useNow();
  return <span className="text-soft tabular-nums">{now === 0 ? '' : duration(now - Date.parse(since))}</span>;
}
