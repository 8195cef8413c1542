import { describe, expect, it } from 'vitest';
import { dayIn, strength, weeksOf } from './due';

const NOW = Date.parse('2026-11-25T22:30:00Z');

describe('the days of due times', () => {
  it('are those of the zone of the schedule', () => {
    expect(dayIn('Europe/Berlin')('2026-11-30T23:30:00Z')).toBe('2026-12-01');
    expect(dayIn('America/New_York')('2026-11-30T03:30:00Z')).toBe('2026-11-29');
  });

  it('begin with the Monday of this week, without what is over', () => {
    const weeks = weeksOf({ times: ['2026-11-26T08:00:00Z', '2026-11-26T09:00:00Z'] }, 'UTC', NOW);
    expect(weeks).toHaveLength(12);
    expect(weeks[0]?.slice(0, 2)).toEqual([undefined, undefined]);
    expect(weeks[0]?.[2]).toEqual({ date: '2026-11-25', count: 0, unknown: false });
    expect(weeks[0]?.[3]).toEqual({ date: '2026-11-26', count: 2, unknown: false });
    expect(weeks[1]?.[0]?.date).toBe('2026-11-30');
    expect(weeks[11]?.[6]?.date).toBe('2027-02-14');
  });

  it('are unknown from where nobody counted', () => {
    const weeks = weeksOf({ times: ['2026-11-26T08:00:00Z'], until: '2026-11-26T08:00:00Z' }, 'UTC', NOW);
    expect(weeks[0]?.map((day) => day?.unknown)).toEqual([undefined, undefined, false, true, true, true, true]);
  });

  it('are drawn against the busiest', () => {
    expect([0, 1, 2, 50, 100].map((count) => strength(count, 100))).toEqual([0, 1, 1, 2, 4]);
    expect(strength(1, 1)).toBe(4);
    expect([0, 3].map((count) => strength(count, 3, 3))).toEqual([0, 2]);
  });
});
