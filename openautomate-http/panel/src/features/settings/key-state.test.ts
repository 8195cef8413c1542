import { describe, expect, it } from 'vitest';
import { keyState } from './key-state';

const now = Date.parse('2026-11-30T12:00:00Z');

describe('the state of an API key', () => {
  it('is told two weeks before it ends, and from the instant on at which it does', () => {
    expect(keyState({ expiresAt: '2026-12-14T12:00:00Z' }, now)).toBe('good');
    expect(keyState({ expiresAt: '2026-12-14T11:59:59Z' }, now)).toBe('soon');
    expect(keyState({ expiresAt: '2026-11-30T12:00:00Z' }, now)).toBe('expired');
  });

  it('is revoked, however long it had', () => {
    expect(keyState({ expiresAt: '2027-11-30T12:00:00Z', revokedAt: '2026-11-29T12:00:00Z' }, now)).toBe('revoked');
  });
});
