'use client';

import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslations } from 'use-intl';
import type { Schedule } from '@/api/types';
import { Skeleton } from '@/components/ui/skeleton';
import { cn } from '@/lib/cn';
import { keys, reason } from '@/lib/query';
import { exact } from '@/lib/time';
import '@/messages/schedules';
import { dueTimes, strength, weeksOf, WEEKS, type Day } from './due';

const SHADES = ['bg-muted', 'bg-accent/30', 'bg-accent/50', 'bg-accent/75', 'bg-accent'];
const long = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' });
const month = new Intl.DateTimeFormat(undefined, { month: 'short', timeZone: 'UTC' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short', timeZone: 'UTC' });
/** A Monday. */
const MONDAY = Date.UTC(2024, 0, 1);

/** How often it runs on each day of the next weeks. */
export function HeatMap({ schedule }: { schedule: Schedule }) {
  const t = useTranslations('schedules.heat');
  const { id, cronExpression, timeZone, revision } = schedule;
  const { data, error } = useQuery({
    queryKey: [...keys.schedule(id), 'due', cronExpression, timeZone, revision],
    queryFn: async () => {
      const now = Date.now();
      return { now, due: await dueTimes(schedule, now) };
    },
    staleTime: 600_000,
    retry: false,
  });
  const weeks = useMemo(() => (data ? weeksOf(data.due, timeZone, data.now) : []), [data, timeZone]);
  if (error) return <p className="text-bad">{reason(error)}</p>;
  if (!data) return <Skeleton className="h-44" />;
  const days = weeks.flat().filter((day) => day !== undefined);
  // Nothing can be drawn of what does not fill a day.
  if (data.due.until && days.every((day) => day.unknown)) {
    return <p className="text-soft">{t('often', { count: data.due.times.length, until: exact(data.due.until) })}</p>;
  }
  const most = Math.max(0, ...days.map((day) => day.count));
  const counts = days.map((day) => day.count).filter((count) => count > 0);
  const least = Math.min(most, ...counts);
  const told = t('told', { runs: data.due.times.length, days: counts.length, weeks: WEEKS });
  return (
    <figure className="grid gap-3">
      <div role="img" aria-label={told} className="grid grid-cols-[2.25rem_repeat(12,minmax(0,1fr))] gap-1 text-xs text-soft">
        <span />
        {weeks.map((week, index) => (
          <span key={index} className="h-4 overflow-visible whitespace-nowrap">
            {monthOf(week, weeks[index - 1])}
          </span>
        ))}
        {Array.from({ length: 7 }, (_, row) => (
          <Row key={row} name={weekday.format(MONDAY + row * 86_400_000)} days={weeks.map((week) => week[row])} most={most} least={least} />
        ))}
      </div>
      <figcaption className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 text-xs text-soft">
        <span>{told}</span>
        <span className="flex items-center gap-1" aria-hidden>
          {t('fewer')}
          {SHADES.map((shade) => (
            <span key={shade} className={cn('size-3 rounded-xs', shade)} />
          ))}
          {t('more')}
        </span>
      </figcaption>
      {data.due.until && <p className="text-xs text-soft">{t('until', { day: long.format(Date.parse(data.due.until)) })}</p>}
    </figure>
  );
}

function Row({ name, days, most, least }: { name: string; days: (Day | undefined)[]; most: number; least: number }) {
  const t = useTranslations('schedules.heat');
  return (
    <>
      <span className="leading-5">{name}</span>
      {days.map((day, index) =>
        day ? (
          <span
            key={day.date}
            title={`${long.format(Date.parse(day.date))}: ${day.unknown ? t('unknown') : t('runs', { count: day.count })}`}
            className={cn('h-5 rounded-sm', day.unknown ? 'border border-dashed border-border' : SHADES[strength(day.count, most, least)])}
          />
        ) : (
          <span key={index} className="h-5" />
        ),
      )}
    </>
  );
}

/** The month's name over its first week. */
function monthOf(week: (Day | undefined)[], before: (Day | undefined)[] | undefined): string {
  const of = (days: (Day | undefined)[] | undefined) => days?.findLast((day) => day !== undefined)?.date.slice(0, 7);
  const here = of(week);
  return here && here !== of(before) ? month.format(Date.parse(`${here}-01`)) : '';
}
