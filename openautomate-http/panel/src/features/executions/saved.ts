import { useSyncExternalStore } from 'react';
import { STATES, type Filter } from './list';

/** Filters that somebody gave a name; a habit of this browser, nothing of the server's. */

export interface SavedFilter {
  name: string;
  filter: Filter;
}

const KEY = 'openautomate-filters';
const NONE: SavedFilter[] = [];
const listeners = new Set<() => void>();
let known: { text: string; filters: SavedFilter[] } = { text: '', filters: NONE };

/** What a text holds of filters; whatever is none is left out. */
export function parsed(text: string): SavedFilter[] {
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return NONE;
    return list.flatMap((one: Partial<SavedFilter> | null) => {
      const { name, filter } = one ?? {};
      if (typeof name !== 'string' || typeof filter !== 'object' || !Array.isArray(filter.state)) return [];
      const word = (value: unknown) => (typeof value === 'string' ? value : '');
      return [{ name, filter: { state: STATES.filter((state) => filter.state.includes(state)), package: word(filter.package), agent: word(filter.agent), schedule: word(filter.schedule) } }];
    });
  } catch {
    return NONE;
  }
}

function read(): SavedFilter[] {
  let text = '';
  try {
    text = localStorage.getItem(KEY) ?? '';
  } catch {
    // A browser that keeps nothing has none.
  }
  if (text !== known.text) known = { text, filters: parsed(text) };
  return known.filters;
}

function write(filters: SavedFilter[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(filters));
  } catch {
    // Nothing is kept then.
  }
  listeners.forEach((listener) => listener());
}

/** Keeps a filter under a name; another one of that name is replaced. */
export function saveFilter(name: string, filter: Filter): void {
  write([...read().filter((one) => one.name !== name), { name, filter }].sort((one, other) => one.name.localeCompare(other.name)));
}

export function forgetFilter(name: string): void {
  write(read().filter((one) => one.name !== name));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', listener);
  };
}

export function useSavedFilters(): SavedFilter[] {
  return useSyncExternalStore(subscribe, read, () => NONE);
}
