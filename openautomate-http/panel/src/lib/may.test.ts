import { describe, expect, it } from 'vitest';
import type { Me } from '@/api/types';
import { may, somewhere } from './may';

const me = {
  permissions: ['ReadPackages'],
  environments: [
    { environmentId: 'testing', permissions: ['ReadExecutions', 'RunExecutions'] },
    { environmentId: 'staging', permissions: ['ReadExecutions'] },
  ],
} as unknown as Me;

describe('what somebody may', () => {
  it('holds everywhere or where it was given', () => {
    expect(may(me, 'ReadPackages', 'production')).toBe(true);
    expect(may(me, 'RunExecutions', 'testing')).toBe(true);
    expect(may(me, 'RunExecutions', 'staging')).toBe(false);
    expect(may(me, 'ReadExecutions', 'production')).toBe(false);
  });

  it('is enough in one environment where all are looked at', () => {
    expect(may(me, 'RunExecutions')).toBe(true);
    expect(may(me, 'RunExecutions', '')).toBe(true);
    expect(may(me, 'ManageUsers')).toBe(false);
  });

  it('is told once, wherever it holds', () => {
    expect(somewhere(me)).toEqual(['ReadPackages', 'ReadExecutions', 'RunExecutions']);
  });
});
