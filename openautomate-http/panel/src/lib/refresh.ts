import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useChanges, type Topic } from './live';

/** What changes a thousand times a second is read once in this time, in milliseconds. */
const PATIENCE = 1_000;

/** Reads again what changed, soon but not too often. */
export function useRefresh(topic: Topic, key: readonly unknown[]): void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const last = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  useChanges(topic, () => {
    timer.current ??= setTimeout(
      () => {
        timer.current = undefined;
        last.current = Date.now();
        void client.invalidateQueries({ queryKey: key });
      },
      Math.max(50, last.current + PATIENCE - Date.now()),
    );
  });
}
