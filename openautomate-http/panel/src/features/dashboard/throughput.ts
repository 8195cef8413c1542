import type { ExecutionSummary } from '@/api/types';

const HOUR = 3_600_000;

export interface Hour {
  start: number;
  succeeded: number;
  failed: number;
  other: number;
}

/** How many executions were asked for in each of the last hours, by how they ended. */
export function byHour(items: ExecutionSummary[], now: number, count: number): Hour[] {
  const last = Math.floor(now / HOUR) * HOUR;
  const hours: Hour[] = Array.from({ length: count }, (_, index) => ({ start: last - (count - 1 - index) * HOUR, succeeded: 0, failed: 0, other: 0 }));
  for (const { createdAt, state } of items) {
    const hour = hours[count - 1 - Math.floor((last + HOUR - 1 - Date.parse(createdAt)) / HOUR)];
    if (!hour) continue;
    if (state === 'Succeeded') hour.succeeded += 1;
    else if (state === 'Failed' || state === 'TimedOut') hour.failed += 1;
    else hour.other += 1;
  }
  return hours;
}

/** What became of them. */
export function share(items: ExecutionSummary[]): { running: number; waiting: number; succeeded: number; failed: number; ended: number } {
  const count = (...states: ExecutionSummary['state'][]) => items.filter(({ state }) => states.includes(state)).length;
  const succeeded = count('Succeeded');
  const failed = count('Failed', 'TimedOut');
  return { running: count('Running', 'Assigned'), waiting: count('Pending', 'Waiting'), succeeded, failed, ended: succeeded + failed };
}
