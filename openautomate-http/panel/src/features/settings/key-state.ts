import type { ApiKey } from '@/api/types';

/** A key that ends within this time is told of, in milliseconds. */
const SOON = 14 * 86_400_000;

export type KeyState = 'good' | 'soon' | 'expired' | 'revoked';

/** Whether an API key is good, and for how long. */
export function keyState({ revokedAt, expiresAt }: Pick<ApiKey, 'revokedAt' | 'expiresAt'>, now: number): KeyState {
  if (revokedAt) return 'revoked';
  const left = new Date(expiresAt).getTime() - now;
  if (left <= 0) return 'expired';
  return left < SOON ? 'soon' : 'good';
}
