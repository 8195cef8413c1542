import type { Schedule } from '@/api/types';
import { api, got } from '@/lib/api';

/** When a schedule will run in the next weeks, by the days of its own zone. */

export const WEEKS = 12;
/** Due times a request. */
const MOST = 100;
/** A schedule of every minute has a hundred thousand of them: no more requests than this. */
const REQUESTS = 12;
const DAY = 86_400_000;

export interface Due {
  times: string[];
  /** Until when they were counted, if not to the end. */
  until?: string;
}

/** The due times of the next weeks, as the server's clockwork has them. */
export async function dueTimes(schedule: Schedule, now: number): Promise<Due> {
  const end = now + WEEKS * 7 * DAY;
  const { cronExpression, timeZone, calendarId, calendarRule, dstGap, dstOverlap, startsAt, endsAt } = schedule;
  const times = new Set<string>();
  let from = new Date(now).toISOString();
  for (let count = 0; count < REQUESTS; count += 1) {
    const { dueTimes: more } = await got(
      api.POST('/api/schedules/preview', {
        body: { cronExpression, timeZone, calendarRule, dstGap, dstOverlap, from, count: MOST, ...(calendarId ? { calendarId } : {}), ...(startsAt ? { startsAt } : {}), ...(endsAt ? { endsAt } : {}) },
      }),
    );
    for (const at of more) if (Date.parse(at) < end) times.add(at);
    const last = more.at(-1);
    if (!last || more.length < MOST || Date.parse(last) >= end) return { times: [...times] };
    from = new Date(Date.parse(last) + 1).toISOString();
  }
  const until = [...times].at(-1);
  return { times: [...times], ...(until ? { until } : {}) };
}

export interface Day {
  /** As in `2026-11-30`. */
  date: string;
  count: number;
  /** Nobody counted so far ahead. */
  unknown: boolean;
}

/** The day of an instant in a zone, as in `2026-11-30`. */
export function dayIn(zone: string): (at: string | number) => string {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  return (at) => format.format(new Date(at));
}

/** Weeks of seven days from Monday, the present week first; days before today are left out as `undefined`. */
export function weeksOf(due: Due, zone: string, now: number): (Day | undefined)[][] {
  const dayOf = dayIn(zone);
  const counts = new Map<string, number>();
  for (const at of due.times) counts.set(dayOf(at), (counts.get(dayOf(at)) ?? 0) + 1);
  const today = dayOf(now);
  const last = due.until ? dayOf(due.until) : undefined;
  // Dates are counted as dates of UTC: none of them is 23 hours long.
  const start = Date.parse(`${today}T00:00:00Z`);
  const monday = start - ((new Date(start).getUTCDay() + 6) % 7) * DAY;
  return Array.from({ length: WEEKS }, (_, week) =>
    Array.from({ length: 7 }, (_, day) => {
      const date = new Date(monday + (week * 7 + day) * DAY).toISOString().slice(0, 10);
      if (date < today) return undefined;
      return { date, count: counts.get(date) ?? 0, unknown: last !== undefined && date >= last };
    }),
  );
}

/** How strong a day is drawn, from 0 to 4, against the busiest; where all busy days are alike, none stands out. */
export function strength(count: number, most: number, least = 0): number {
  if (count > 0 && least === most) return 2;
  return count === 0 ? 0 : Math.max(1, Math.ceil((count / Math.max(most, 1)) * 4));
}
