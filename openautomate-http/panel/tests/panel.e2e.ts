import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, overflows, serious, settled, watched, type Watched } from './browser';
import { Installation } from './installation';

/** The walk of somebody new through the whole panel, and then each screen as it looks. */

const PASSWORD = 'correct horse battery';
const shots = join(import.meta.dirname, '../screenshots');

const place = new Installation();
let browser: Browser;
let main: Watched;
let page: Page;

beforeAll(async () => {
  mkdirSync(shots, { recursive: true });
  await place.startServer();
  browser = await launch();
  main = await watched(browser);
  page = main.page;
});

afterAll(async () => {
  await browser?.close();
  await place.stop();
});

const go = async (path: string) => {
  await page.goto(place.url + path);
  await settled(page);
};
const button = (name: string | RegExp) => page.getByRole('button', { name });
const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name });

/** Publishes an example by the dialog. */
async function publish(example: string, name: string): Promise<void> {
  await go('/packages');
  await button('New package').first().click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[type=file]').setInputFiles(place.pack(example));
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByRole('button', { name: 'Publish' }).click();
  await heading(name).waitFor();
}

describe.sequential('the walk', () => {
  it('leads strangers to where they sign in', async () => {
    await page.goto(`${place.url}/schedules`);
    await page.waitForURL('**/login?next=%2Fschedules');
    await page.getByLabel('User name or email').waitFor();
  });

  it('makes the first administrator by the link', async () => {
    await page.goto(place.setupLink);
    await page.getByLabel('User name').fill('ada');
    await page.getByLabel('Email', { exact: true }).fill('not an address');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByLabel('Email', { exact: true }).fill('ada@example.org');
    await button('Create account').click();
    await heading('Dashboard').waitFor();
    await page.getByText('Three steps to your first run').waitFor();
    expect(page.url()).not.toContain('token');
  });

  it('keeps the session over a reload and holds no token where scripts find it', async () => {
    await page.reload();
    await heading('Dashboard').waitFor();
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    expect(kept).not.toMatch(/oa_refresh_|eyJ/);
    const [cookie] = (await main.context.cookies()).filter(({ name }) => name.startsWith('openautomate-session'));
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  });

  it('enrols an agent', async () => {
    await go('/agents');
    await button('Add an agent').click();
    await page.getByLabel('Labels').fill('office');
    await button('Make the token').click();
    const commands = await page.getByTestId('enrol-commands').innerText();
    const token = /OPENAUTOMATE_ENROLMENT_TOKEN=(\S+)/.exec(commands)?.[1] ?? '';
    expect(token).not.toBe('');
    expect(commands).toContain(`--server ${place.url}`);
    place.startAgent(token, 'robot-1');
    await page.getByText('Connected:').waitFor({ timeout: 60_000 });
    await button('Done').click();
    await page.getByRole('link', { name: 'robot-1' }).waitFor();
    await page.getByText('Ready').first().waitFor();
  });

  it('publishes packages', async () => {
    await publish('hello', 'Hello');
    await page.getByRole('cell', { name: /^\d+\.\d+\.\d+$/ }).first().waitFor();
    await publish('invoices', 'Invoices to ledger');
  });

  it('runs a package by its form, with what both sides say of the inputs', async () => {
    await go('/packages');
    await page.getByRole('link', { name: 'Hello' }).click();
    await heading('Hello').waitFor();
    await button('Run Hello').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('repeat').fill('many');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await dialog.getByText('Is not a whole number.').waitFor();
    await dialog.getByLabel('repeat').fill('25');
    await dialog.getByLabel('delay').fill('0.2');
    await dialog.getByLabel('name').fill('browser');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL('**/executions/*-*');
  });

  it('shows the log while it runs', async () => {
    const log = page.getByRole('log');
    await log.getByText('browser').first().waitFor({ timeout: 60_000 });
    await page.getByText('Running', { exact: true }).first().waitFor();
    await page.getByText('Succeeded', { exact: true }).first().waitFor({ timeout: 60_000 });
    await page.getByText('Complete', { exact: true }).waitFor();
    await page.getByLabel('Search the log').fill('browser');
    await page.getByText(/^1 of \d+$/).waitFor();
  });

  it('shows the artifacts of the invoices', async () => {
    await go('/packages');
    await button('Run Invoices to ledger').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL('**/executions/*-*');
    await page.getByText('Succeeded', { exact: true }).first().waitFor({ timeout: 170_000 });
    await page.getByRole('tab', { name: /Artifacts/ }).click();
    await page.getByText('ledger.csv').waitFor();
    await button('Look at ledger.csv').click();
    await page.getByRole('dialog').getByRole('columnheader').first().waitFor();
    await page.keyboard.press('Escape');
  });

  it('schedules it and sees it fire', async () => {
    await go('/schedules');
    await button('New schedule').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Package').selectOption({ label: 'Hello' });
    await dialog.getByLabel('Name').first().fill('Hello every three seconds');
    await dialog.getByLabel('Time zone').selectOption('Europe/Berlin');
    await dialog.getByLabel('Expression').fill('every day');
    await dialog.getByText(/expression|field/i).first().waitFor();
    await dialog.getByLabel('Expression').fill('*/10 * * * * *');
    await expect.poll(() => dialog.getByRole('listitem').count(), { timeout: 20_000 }).toBe(10);
    await dialog.getByLabel('repeat').fill('1');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await heading('Hello every three seconds').waitFor();
    await page.getByRole('link', { name: 'Hello', exact: true }).nth(1).waitFor({ timeout: 40_000 });
    await page.getByRole('switch').click();
    await page.getByText('Paused', { exact: true }).waitFor();
  });

  it('cancels a long one', async () => {
    await go('/packages');
    await button('Run Hello').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('repeat').fill('1000');
    await dialog.getByLabel('delay').fill('1');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL('**/executions/*-*');
    await page.getByRole('log').getByText('world').first().waitFor({ timeout: 60_000 });
    await button('Cancel').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled', { exact: true }).first().waitFor({ timeout: 60_000 });
  });

  it('promotes a version to the next environment', async () => {
    await go('/packages');
    await page.getByRole('link', { name: 'Hello' }).click();
    await button(/^Promote to/).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Promote' }).click();
    await page.getByText('The version is active').waitFor();
  });

  it('opens anything by the palette and tells the shortcuts', async () => {
    await go('/');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('robot');
    await page.keyboard.press('Enter');
    await heading('robot-1').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await heading('Executions').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
  });

  it('has said nothing of errors so far', () => {
    // The first look for a session, before anybody signed in.
    expect(main.wrong.filter((line) => !line.includes('/api/auth/refresh') && !/status of 4(00|22)/.test(line))).toEqual([]);
  });

  it('says that the line is lost, and catches up when it is back', async () => {
    await go('/executions');
    await place.killServer();
    await page.getByText(/connection to the server is lost/).waitFor({ timeout: 20_000 });
    await place.startServer();
    await page.getByText(/connection to the server is lost/).waitFor({ state: 'hidden', timeout: 40_000 });
    await page.getByRole('row').nth(1).waitFor();
    main.wrong.length = 0;
  });
});

describe.sequential('the screens', () => {
  const screens: [string, string][] = [
    ['dashboard', '/'],
    ['executions', '/executions'],
    ['packages', '/packages'],
    ['schedules', '/schedules'],
    ['agents', '/agents'],
    ['not-found', '/nothing'],
  ];

  beforeAll(async () => {
    for (const [name, list, link] of [
      ['execution', '/executions?state=Succeeded', 'Invoices to ledger'],
      ['package', '/packages', 'Hello'],
      ['schedule', '/schedules', 'Hello every three seconds'],
      ['agent', '/agents', 'robot-1'],
    ] as const) {
      await go(list);
      await page.getByRole('link', { name: link, exact: true }).first().click();
      await page.waitForURL('**/*-*-*-*-*');
      screens.push([name, new URL(page.url()).pathname]);
    }
  });

  for (const theme of ['light', 'dark'] as const) {
    for (const width of [1440, 390]) {
      it(`look right: ${theme}, ${width} pixels`, async () => {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
        main.wrong.length = 0;
        const problems: string[] = [];
        for (const [name, path] of screens) {
          await go(path);
          const found = [...(await serious(page)).map((line) => `axe: ${line}`), ...main.wrong.splice(0)];
          const wide = await overflows(page);
          if (wide > 0) found.push(`is ${wide} pixels wider than the window`);
          problems.push(...found.filter((line) => name !== 'not-found' || !line.includes('404')).map((line) => `${name}: ${line}`));
          await page.screenshot({ path: join(shots, `${name}-${theme}-${width}.png`) });
        }
        expect(problems).toEqual([]);
      });
    }
  }
});
