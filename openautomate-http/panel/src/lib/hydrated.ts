import { useSyncExternalStore } from 'react';

const never = () => () => undefined;

/** Whether this runs in a browser, after the page that was built is taken over. */
export function useHydrated(): boolean {
  return useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
}
