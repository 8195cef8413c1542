import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, watched } from '../browser';
import { Installation } from '../installation';
import { AUTOMATION, Caller, fill } from './filling';
import { clockLines, paintedAfter, scrolled, scriptsUntil, watchPaint } from './observing';
import { p50, p95, Report } from './report';

/**
 * How quick the panel is with much in it: a real server and a real agent, 100,000 executions and a log of 200,000
 * lines. `OPENAUTOMATE_BINARIES` names the folder of the programs, `OPENAUTOMATE_MEASURED` a file for the figures.
 */

const EXECUTIONS = Number(process.env.OPENAUTOMATE_MEASURE_EXECUTIONS ?? 100_000);
const LINES = Number(process.env.OPENAUTOMATE_MEASURE_LINES ?? 200_000);
/** How often each screen is opened. */
const TIMES = Number(process.env.OPENAUTOMATE_MEASURE_TIMES ?? 5);
/** Lines that say when they were printed, and how far apart they are, in seconds. */
const TICKS = 150;
const PAUSE = 0.1;
const PASSWORD = 'correct horse battery';

const place = new Installation();
const report = new Report();
let browser: Browser;
let context: BrowserContext;
let caller: Caller;
let packageId = '';
let logId = '';

/** A page whose cache is empty, as of somebody who comes for the first time. */
async function cold(): Promise<Page> {
  const page = await context.newPage();
  const debug = await context.newCDPSession(page);
  await debug.send('Network.setCacheDisabled', { cacheDisabled: true });
  await watchPaint(page);
  return page;
}

beforeAll(async () => {
  await place.startServer();
  caller = new Caller(place.url, 'ada', PASSWORD);
  await caller.register(new URLSearchParams(new URL(place.setupLink).hash.slice(1)).get('token') ?? '');
  const { token } = await caller.post<{ token: string }>('/api/agents/enrolment-tokens', {});
  place.startAgent(token, 'robot-1');
  packageId = await caller.publish('Measured', place.write('measured', AUTOMATION));
  const ended = await caller.run(packageId, {});
  logId = await caller.run(packageId, { lines: LINES });
  await place.stopServer();
  report.note('executions', fill(place, ended, EXECUTIONS));
  await place.startServer();
  report.note('lines of the log', LINES);
  browser = await launch();
  const main = await watched(browser);
  context = main.context;
  await main.page.goto(`${place.url}/login`);
  await main.page.getByLabel('User name or email').fill('ada');
  await main.page.getByLabel('Password').fill(PASSWORD);
  await main.page.keyboard.press('Enter');
  await main.page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
  await main.page.close();
});

afterAll(async () => {
  await browser?.close();
  await place.stop();
  report.print();
  if (process.env.OPENAUTOMATE_MEASURED) writeFileSync(join(process.env.OPENAUTOMATE_MEASURED), report.json());
});

describe.sequential('the panel', () => {
  it('scrolls smoothly', async () => {
    for (const [name, path, role] of [
      ['executions', '/executions', 'table'],
      ['log', `/executions/${logId}`, 'log'],
    ] as const) {
      const page = await cold();
      await page.goto(place.url + path);
      await paintedAfter(page);
      if (role === 'log') await page.getByText(new RegExp(`^${LINES.toLocaleString('en')} lines`)).waitFor({ timeout: 60_000 });
      await page.waitForTimeout(1_000);
      const { frames, reached, longest } = await scrolled(page, `[role="${role}"]`);
      report.add('scroll, time of a frame', name, 'ms', { p50: p50(frames), p95: p95(frames), worst: Math.max(...frames), 'longest task': longest, rows: reached }, 'p95', 20);
      await page.close();
    }
  });

  it('shows a line soon after it was printed', async () => {
    const page = await cold();
    const { id } = await caller.post<{ id: string }>('/api/executions', { packageId, inputs: { ticks: TICKS, pause: PAUSE } });
    await page.goto(`${place.url}/executions/${id}`);
    const late = await clockLines(page, TICKS);
    // Those that were printed before the page stood say nothing of the way.
    const live = late.slice(20);
    report.note('live lines', live.length);
    report.add('from print to pixel', 'live log', 'ms', { p50: p50(live), p95: p95(live), worst: Math.max(...live) }, 'p95', 250);
    await page.close();
  });

  it('shows each screen soon', async () => {
    const agentId = (await caller.get<{ items: { id: string }[] }>('/api/agents')).items[0]?.id ?? '';
    const screens = [
      '/',
      '/executions',
      '/executions?state=Failed',
      '/executions?view=timeline',
      `/executions/${logId}`,
      '/approvals',
      '/agents',
      `/agents/${agentId}`,
      '/agents/updates',
      '/packages',
      `/packages/${packageId}`,
      '/schedules',
      '/triggers',
      '/queues',
      '/buckets',
      '/assets',
      '/users',
      '/audit',
      '/settings',
    ];
    for (const path of screens) {
      const times: number[] = [];
      let size = 0;
      for (let turn = 0; turn < TIMES; turn += 1) {
        const page = await cold();
        await page.goto(place.url + path, { waitUntil: 'commit' });
        const painted = await paintedAfter(page);
        times.push(painted);
        if (turn === 0) size = await scriptsUntil(page, painted);
        await page.close();
      }
      const name = path.replace(logId, ':id').replace(packageId, ':id').replace(agentId, ':id');
      report.add('first useful paint', name, 'ms', { p50: p50(times), worst: Math.max(...times) }, 'p50', 1_000);
      report.add('JavaScript until then, gzip', name, 'kB', { size: size / 1_000 }, 'size', 270);
    }
  });

  it('meets its targets', () => {
    expect(report.missed()).toEqual([]);
  });
});
