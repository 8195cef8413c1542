import { expect, it } from 'vitest';
import { scriptsUntil, paintedAfter, watchPaint } from '../measure/observing';
import type { Walk } from './walk';

/** What a screen may load of scripts until it stands, in bytes as gzip. */
const BUDGET = 235_000;

/** No screen loads more than it may: counted as gzip, so that it is the same on every machine. */
export function budget(walk: Walk): void {
  const { place, go } = walk;

  it('is no more than the budget until the screen stands', async () => {
    const paths = ['/', '/executions', '/executions?view=timeline', '/approvals', '/agents', '/agents/updates', '/packages', '/schedules', '/triggers'];
    paths.push('/queues', '/buckets', '/assets', '/users', '/audit', '/settings', walk.comparison);
    for (const [list, link] of [
      ['/executions?state=Succeeded', 'Invoices to ledger'],
      ['/packages', 'Hello'],
      ['/schedules', 'Hello on weekdays'],
      ['/agents', 'robot-1'],
      ['/queues', 'invoices'],
      ['/buckets', 'reports'],
    ] as const) {
      await go(list);
      await walk.page.getByRole('link', { name: link, exact: true }).first().click();
      await walk.page.waitForURL('**/*-*-*-*-*');
      paths.push(new URL(walk.page.url()).pathname);
    }
    const sizes: [string, number][] = [];
    for (const path of paths) {
      const page = await walk.main.context.newPage();
      const debug = await walk.main.context.newCDPSession(page);
      await debug.send('Network.setCacheDisabled', { cacheDisabled: true });
      await watchPaint(page);
      await page.goto(place.url + path, { waitUntil: 'commit' });
      sizes.push([path.replace(/[0-9a-f-]{36}/g, ':id'), await scriptsUntil(page, await paintedAfter(page))]);
      await page.close();
    }
    console.log(sizes.map(([path, size]) => `${String(Math.round(size / 1_000)).padStart(4)} kB  ${path}`).join('\n'));
    expect(sizes.filter(([, size]) => size > BUDGET)).toEqual([]);
    // A screen that loads nothing was not counted.
    expect(sizes.filter(([, size]) => size < 50_000)).toEqual([]);
  });
}
