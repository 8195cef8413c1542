import { useSyncExternalStore } from 'react';

/** The environment that somebody looks at; none is all of them. Kept in the browser, since it is a habit, no secret. */

const KEY = 'openautomate-environment';
const listeners = new Set<() => void>();

function read(): string {
  try {
    return localStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

export function setEnvironment(id: string): void {
  try {
    localStorage.setItem(KEY, id);
  } catch {
    // A browser that keeps nothing still shows all.
  }
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', listener);
  };
}

/** The id of the environment, or '' for all. */
export function useEnvironment(): string {
  return useSyncExternalStore(subscribe, read, () => '');
}
