import { describe, expect, it } from 'vitest';
import type { ExecutionSummary } from '@/api/types';
import { lanesOf } from './lanes';

const at = (seconds: number) => new Date(seconds * 1_000).toISOString();
const run = (id: string, start: number | undefined, end?: number, agent = 'a') =>
  ({ id, botAgentId: agent, ...(start === undefined ? {} : { startTime: at(start) }), ...(end === undefined ? {} : { endTime: at(end) }) }) as ExecutionSummary;

describe('the lanes of a timeline', () => {
  it('are none where nothing has started', () => {
    expect(lanesOf([run('x', undefined)], 0)).toBeUndefined();
  });

  it('hold what does not overlap, and one more for what does', () => {
    const lanes = lanesOf([run('late', 20, 30), run('first', 0, 10), run('beside', 5, 15), run('other', 0, 40, 'b')], 0);
    expect(lanes?.agents.map(({ id, lanes: rows }) => [id, rows.map((row) => row.map(({ one }) => one.id))])).toEqual([
      ['a', [['first', 'late'], ['beside']]],
      ['b', [['other']]],
    ]);
    expect(lanes?.agents[0]?.lanes[0]?.[1]).toMatchObject({ start: 0.5, length: 0.25, ms: 10_000 });
  });

  it('reach to the present for what still runs', () => {
    expect(lanesOf([run('x', 0)], 60_000)?.to).toBe(60_000);
  });
});
