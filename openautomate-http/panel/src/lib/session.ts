import { useSyncExternalStore } from 'react';
import type { Session, User } from '@/api/types';
import { ApiError, errorOf } from './problem';

/**
 * Who is signed in. The access token lives in this module and nowhere else; the refresh token is in a cookie that no
 * script can read. Tabs take turns with the cookie, since each refresh changes it.
 */
export interface SessionState {
  status: 'unknown' | 'in' | 'out' | 'unreachable';
  user?: User;
}

const CHANNEL = 'openautomate-session';
/** A token is renewed when it has this long to go, in milliseconds. */
const EARLY = 60_000;

let state: SessionState = { status: 'unknown' };
let token: string | undefined;
let goodUntil = 0;
let running: Promise<string | undefined> | undefined;
const listeners = new Set<() => void>();
let channel: BroadcastChannel | undefined;

function set(next: SessionState): void {
  state = next;
  listeners.forEach((listener) => listener());
}

function take(session: Session): string {
  token = session.accessToken;
  goodUntil = Date.now() + session.expiresIn * 1000;
  set({ status: 'in', user: session.user });
  return token;
}

/** Forgets who was signed in. */
export function forget(): void {
  token = undefined;
  goodUntil = 0;
  set({ status: 'out' });
}

async function post(path: string, body: unknown): Promise<Response> {
  return fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
}

/** Tabs of one browser refresh one after the other. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  return 'locks' in navigator ? (navigator.locks.request(CHANNEL, work) as Promise<T>) : work();
}

async function refreshed(): Promise<string | undefined> {
  const response = await inTurn(() => post('/api/auth/refresh', {}));
  if (response.ok) return take((await response.json()) as Session);
  if (response.status === 401 || response.status === 403) {
    forget();
    return undefined;
  }
  throw await errorOf(response);
}

/** A new access token; `undefined` if nobody is signed in. One request at a time, whoever asks. */
export async function refresh(): Promise<string | undefined> {
  running ??= refreshed().finally(() => {
    running = undefined;
  });
  return running;
}

/** An access token that is good for a while; `undefined` if nobody is signed in. */
export async function accessToken(): Promise<string | undefined> {
  if (token && Date.now() < goodUntil - EARLY) return token;
  if (state.status === 'out') return undefined;
  return refresh();
}

/** Looks whether somebody is signed in, by the cookie. */
export async function restore(): Promise<void> {
  listen();
  try {
    await refresh();
  } catch (error) {
    if (!(error instanceof ApiError) && !(error instanceof TypeError)) throw error;
    set({ status: 'unreachable' });
  }
}

/** What is shown beside a password by whoever has an authenticator. */
export type SecondProof = { totp: string } | { recoveryCode: string };

/** Signs in. Fails with an `ApiError`; one with the code `totpRequired` asks for a second proof. */
export async function logIn(username: string, password: string, second?: SecondProof): Promise<void> {
  const response = await inTurn(() => post('/api/auth/login', { username, password, ...second, cookie: true }));
  if (!response.ok) throw await errorOf(response);
  listen();
  take((await response.json()) as Session);
}

/** Signs out, here and in the other tabs. */
export async function logOut(): Promise<void> {
  try {
    const access = await accessToken();
    if (access) await post('/api/auth/logout', {});
  } finally {
    channel?.postMessage('out');
    forget();
  }
}

function listen(): void {
  if (channel || typeof BroadcastChannel === 'undefined') return;
  channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = () => forget();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const before: SessionState = { status: 'unknown' };

/** Who is signed in, as it changes. */
export function useSession(): SessionState {
  return useSyncExternalStore(
    subscribe,
    () => state,
    () => before,
  );
}

/** Who is signed in, now. */
export function session(): SessionState {
  return state;
}
