import { describe, expect, it } from 'vitest';
import type { ExecutionSummary } from '@/api/types';
import { byHour, share } from './throughput';

const at = (createdAt: string, state: ExecutionSummary['state']) => ({ createdAt, state }) as ExecutionSummary;

describe('throughput', () => {
  const now = Date.parse('2026-11-29T10:20:00Z');
  const items = [
    at('2026-11-29T10:19:00Z', 'Running'),
    at('2026-11-29T10:00:00Z', 'Succeeded'),
    at('2026-11-29T09:59:59Z', 'TimedOut'),
    at('2026-11-29T08:00:00Z', 'Succeeded'),
    at('2026-11-29T07:59:59Z', 'Failed'),
  ];

  it('counts by the hour', () => {
    const counted = byHour(items, now, 3).map(({ succeeded, failed, other }) => [succeeded, failed, other]);
    expect(counted).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [1, 0, 1],
    ]);
  });

  it('counts what became of them', () => {
    expect(share(items)).toEqual({ running: 1, waiting: 0, succeeded: 2, failed: 2, ended: 4 });
  });
});
