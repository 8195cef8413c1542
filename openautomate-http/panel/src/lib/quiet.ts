import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

/**
 * When the screen stands: what can wait until then does not take the line from what is read first. Charts, menus and
 * what is told in passing are loaded then, before anybody needs them.
 */

/** How long nothing may be on its way until the screen is taken to stand, in milliseconds. */
const QUIET = 400;
/** A screen that never comes to rest is complete all the same after this, in milliseconds. */
const PATIENCE = 10_000;
const LOOK = 100;

let stands: Promise<void> | undefined;

/** Whether something is drawn, and nothing stands in for what is on its way. */
const isDrawn = () => document.querySelector('h1') !== null && document.querySelector('[aria-busy="true"], .animate-pulse') === null;

/** Resolves once what the first screen read is there and painted; one promise for the life of the page. */
export function whenQuiet(client: QueryClient): Promise<void> {
  stands ??= new Promise((done) => {
    const since = performance.now();
    let restingSince: number | undefined;
    const look = () => {
      const now = performance.now();
      if (document.readyState !== 'complete' || client.isFetching() > 0 || !isDrawn()) restingSince = undefined;
      else restingSince ??= now;
      if ((restingSince !== undefined && now - restingSince >= QUIET) || now - since >= PATIENCE) requestAnimationFrame(() => setTimeout(done));
      else setTimeout(look, LOOK);
    };
    look();
  });
  return stands;
}

/** Whether the screen stands. */
export function useQuiet(): boolean {
  const client = useQueryClient();
  const [quiet, setQuiet] = useState(false);
  useEffect(() => {
    let isThere = true;
    void whenQuiet(client).then(() => isThere && setQuiet(true));
    return () => {
      isThere = false;
    };
  }, [client]);
  return quiet;
}
