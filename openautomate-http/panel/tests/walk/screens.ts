import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { overflows, serious, settled, watched } from '../browser';
import { shots, type Walk } from './walk';

/** Looking at all screens takes long where much else runs, in milliseconds. */
const SLOW = 600_000;

/** Each screen of somebody who is not signed in, as it looks. */
export function strangers(walk: Walk): void {
  const { place } = walk;

  for (const theme of ['light', 'dark'] as const) {
    it(`look right: ${theme}`, async () => {
      const stranger = await watched(walk.browser);
      await stranger.page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      for (const [name, path] of [
        ['login', '/login'],
        ['setup', '/setup#token=none'],
      ] as const) {
        for (const width of [1440, 390]) {
          await stranger.page.setViewportSize({ width, height: 844 });
          await stranger.page.goto(place.url + path);
          await stranger.page.getByLabel('Password').waitFor();
          await settled(stranger.page);
          expect(await serious(stranger.page), name).toEqual([]);
          expect(await overflows(stranger.page), name).toBe(0);
          await stranger.page.screenshot({ path: join(shots, `${name}-${theme}-${width}.png`) });
        }
      }
      expect(stranger.wrong.filter((line) => !line.includes('/api/auth/refresh'))).toEqual([]);
      await stranger.context.close();
    });
  }
}

/** Each screen of whoever set the installation up, as it looks. */
export function screens(walk: Walk): void {
  const { go } = walk;
  const list: [string, string][] = [
    ['dashboard', '/'],
    ['executions', '/executions'],
    ['packages', '/packages'],
    ['schedules', '/schedules'],
    ['agents', '/agents'],
    ['updates', '/agents/updates'],
    ['approvals', '/approvals'],
    ['triggers', '/triggers'],
    ['queues', '/queues'],
    ['buckets', '/buckets'],
    ['timeline', '/executions?view=timeline'],
    ['assets', '/assets'],
    ['users', '/users'],
    ['audit', '/audit'],
    ['settings', '/settings'],
    ['not-found', '/nothing'],
  ];

  beforeAll(async () => {
    for (const [name, at, link] of [
      ['execution', '/executions?state=Succeeded', 'Invoices to ledger'],
      ['package', '/packages', 'Hello'],
      ['schedule', '/schedules', 'Hello on weekdays'],
      ['agent', '/agents', 'robot-1'],
      ['queue', '/queues', 'invoices'],
      ['bucket', '/buckets', 'reports'],
    ] as const) {
      await go(at);
      await walk.page.getByRole('link', { name: link, exact: true }).first().click();
      await walk.page.waitForURL('**/*-*-*-*-*');
      list.push([name, new URL(walk.page.url()).pathname]);
    }
    list.push(['compare', walk.comparison]);
  });

  for (const theme of ['light', 'dark'] as const) {
    for (const width of [1440, 390]) {
      it(
        `look right: ${theme}, ${width} pixels`,
        async () => {
          const { page, main } = walk;
          await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
          await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
          main.wrong.length = 0;
          const problems: string[] = [];
          for (const [name, path] of list) {
            await go(path);
            const found = [...(await serious(page)).map((line) => `axe: ${line}`), ...main.wrong.splice(0)];
            const wide = await overflows(page);
            if (wide > 0) found.push(`is ${wide} pixels wider than the window`);
            problems.push(...found.filter((line) => name !== 'not-found' || !line.includes('404')).map((line) => `${name}: ${line}`));
            await page.screenshot({ path: join(shots, `${name}-${theme}-${width}.png`) });
          }
          expect(problems).toEqual([]);
        },
        SLOW,
      );
    }
  }
}
