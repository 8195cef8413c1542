import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, overflows, serious, settled, watched, type Watched } from './browser';
import { Installation } from './installation';
import { totp } from './totp';

/** The walk of somebody new through the whole panel, and then each screen as it looks. */

const PASSWORD = 'correct horse battery';
/** Looking at all screens takes long where much else runs, in milliseconds. */
const SLOW = 600_000;
const shots = join(import.meta.dirname, '../screenshots');

const place = new Installation();
let browser: Browser;
let main: Watched;
let page: Page;
let comparison = '';

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

const shot = async (name: string) => {
  // Until what appears has appeared.
  await page.waitForTimeout(250);
  await page.screenshot({ path: join(shots, `${name}-light-1440.png`) });
};

/** What is open now, in both themes, on a screen and on a phone: as it looks, and what axe says. */
const look = async (name: string, at: Page = page) => {
  for (const theme of ['dark', 'light'] as const) {
    for (const width of [390, 1440]) {
      await at.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await at.setViewportSize({ width, height: width === 390 ? 844 : 900 });
      await at.waitForTimeout(250);
      expect(await serious(at), `${name}, ${theme}, ${width}`).toEqual([]);
      expect(await overflows(at), `${name}, ${theme}, ${width}`).toBe(0);
      await at.screenshot({ path: join(shots, `${name}-${theme}-${width}.png`) });
    }
  }
};

/** Asks the API as a program does. */
const ask = (path: string, key: string) => fetch(place.url + path, { headers: { authorization: `Bearer ${key}` } });

/** Fills in the form of the sign-in, and sends it. */
async function signIn(at: Page, username: string, password: string): Promise<void> {
  await at.goto(`${place.url}/login`);
  await at.getByLabel('User name or email').fill(username);
  await at.getByLabel('Password').fill(password);
  await at.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** The first look for a session before somebody signs in, and the password alone where a code is asked for. */
const isOfSigningIn = (line: string) => line.includes('/api/auth/refresh') || line.includes('/api/auth/login');

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
    await shot('dialog-enrol');
    await button('Create the token').click();
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
    await shot('dialog-run');
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
    await shot('dialog-artifact');
    await page.keyboard.press('Escape');
  });

  it('schedules it and sees it fire', async () => {
    await go('/schedules');
    await button('New schedule').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Package').selectOption({ label: 'Hello' });
    await dialog.getByLabel('Name').first().fill('Hello every ten seconds');
    await dialog.getByLabel('Time zone').selectOption('Europe/Berlin');
    await dialog.getByLabel('Expression').fill('every day');
    await dialog.getByText(/expression|field/i).first().waitFor();
    await dialog.getByLabel('Expression').fill('*/10 * * * * *');
    await expect.poll(() => dialog.getByRole('listitem').count(), { timeout: 20_000 }).toBe(10);
    await dialog.getByLabel('repeat').fill('1');
    await shot('dialog-schedule');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await heading('Hello every ten seconds').waitFor();
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
    await button('Actions for version 1.0.0').click();
    await page.getByRole('menuitem', { name: 'development' }).click();
    await button('Promote to testing').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Promote' }).click();
    await page.getByRole('cell', { name: /development.*testing|testing.*development/ }).waitFor();
  });

  it('opens anything by the palette and tells the shortcuts', async () => {
    await go('/');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await page.keyboard.type('robot');
    await page.getByRole('option', { name: 'robot-1' }).waitFor();
    await page.keyboard.press('Enter');
    await heading('robot-1').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await heading('Executions').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
  });

  it('puts two versions side by side', async () => {
    await go('/packages');
    await page.getByRole('link', { name: 'Hello' }).click();
    await heading('Hello').waitFor();
    await button('New version').click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('input[type=file]').setInputFiles(place.pack('hello', '1.1.0'));
    await dialog.getByRole('button', { name: 'Publish' }).click();
    await button('Actions for version 1.1.0').click();
    await page.getByRole('menuitem', { name: 'Compare' }).click();
    await dialog.getByRole('table').waitFor();
    const changed = dialog.locator('summary', { hasText: 'pyproject.toml' });
    await changed.click();
    await dialog.getByText('+version = "1.1.0"').waitFor();
    await shot('dialog-versions');
    await page.keyboard.press('Escape');
  });

  it('looks into the files of a version', async () => {
    await button('Actions for version 1.1.0').click();
    await page.getByRole('menuitem', { name: 'Files' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('hello.py').click();
    await dialog.getByText('def run(name: str').waitFor();
    await shot('dialog-files');
    const saved = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Download' }).click();
    expect((await saved).suggestedFilename()).toBe('1.1.0.zip');
    await page.keyboard.press('Escape');
  });

  it('shows the weeks ahead of a schedule', async () => {
    await go('/schedules');
    await button('New schedule').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Package').selectOption({ label: 'Hello' });
    await dialog.getByLabel('Name').first().fill('Hello on weekdays');
    await dialog.getByLabel('Expression').fill('0 0 8,12,16 * * MON-FRI');
    await expect.poll(() => dialog.getByRole('listitem').count(), { timeout: 20_000 }).toBe(10);
    await dialog.getByRole('button', { name: 'Create' }).click();
    await heading('Hello on weekdays').waitFor();
    await page.getByRole('img', { name: /in 12 weeks/ }).waitFor();
    await page.getByText('The next 12 weeks').evaluate((title) => title.scrollIntoView());
    await shot('schedule-weeks');
  });

  it('makes up for runs of a schedule', async () => {
    await go('/schedules');
    await page.getByRole('link', { name: 'Hello every ten seconds', exact: true }).click();
    await heading('Hello every ten seconds').waitFor();
    await page.getByText(/too often to be counted/).waitFor();
    await button('Backfill').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('At most').fill('1');
    await dialog.getByRole('button', { name: 'Run them' }).click();
    await dialog.getByRole('alert').waitFor();
    await shot('dialog-backfill');
    await page.keyboard.press('Escape');
  });

  it('makes a queue, fills it and says which lines are no items', async () => {
    await go('/queues');
    await button('New queue').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('invoices');
    await dialog.getByLabel('JSON Schema').fill('{"type": "object", "required": ["total"]}');
    await shot('dialog-queue');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await heading('invoices').waitFor();
    await button('Import').click();
    await dialog.locator('input[type=file]').setInputFiles({ name: 'items.jsonl', mimeType: 'application/x-ndjson', buffer: Buffer.from('{"payload": {"total": 7}, "reference": "A-1"}\n{"payload": {}}\n') });
    await dialog.getByRole('button', { name: 'Import' }).click();
    await dialog.getByText('Line 2').waitFor();
    await shot('dialog-import');
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await page.getByText('A-1', { exact: true }).waitFor();
    await button('Add an item').click();
    await dialog.getByLabel('Reference').fill('B-2');
    await dialog.getByLabel('Payload').fill('{"total": 1}');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await page.getByText('B-2', { exact: true }).waitFor();
  });

  it('makes triggers and says why they do not fire', async () => {
    await go('/triggers');
    const dialog = page.getByRole('dialog');
    await button('New trigger').click();
    await dialog.getByLabel('Name').fill('Called from outside');
    await dialog.getByLabel('Package').selectOption({ label: 'Hello' });
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByText('The secret of the webhook').waitFor();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await button('New trigger').click();
    await dialog.getByLabel('Name').fill('Many invoices');
    await dialog.getByLabel('Package').selectOption({ label: 'Hello' });
    await dialog.getByLabel('When').selectOption({ label: 'A queue has items' });
    await dialog.getByLabel('Queue').selectOption({ label: 'invoices' });
    await dialog.getByLabel('Fire from this many items').fill('50');
    await shot('dialog-trigger');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await button('Explain Many invoices').click();
    await dialog.getByText(/can be taken now/).waitFor();
    await shot('dialog-explain');
    await page.keyboard.press('Escape');
  });

  it('pauses an environment and lets it go on', async () => {
    await go('/settings');
    await button('Pause testing').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('the ERP is being moved');
    await shot('dialog-pause');
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused: the ERP is being moved').waitFor();
    await button('Resume testing').click();
    await page.getByText('Paused: the ERP is being moved').waitFor({ state: 'hidden' });
  });

  it('keeps files in a bucket', async () => {
    await go('/buckets');
    await button('New bucket').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('reports');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await heading('reports').waitFor();
    await page.locator('input[type=file]').setInputFiles([
      { name: 'november.csv', mimeType: 'text/csv', buffer: Buffer.from('day,total\n1,7\n') },
      { name: 'old.txt', mimeType: 'text/plain', buffer: Buffer.from('old') },
    ]);
    await page.getByText('november.csv', { exact: true }).waitFor();
    const saved = page.waitForEvent('download');
    await button('Download november.csv').click();
    expect((await saved).suggestedFilename()).toBe('november.csv');
    await button('Delete old.txt').click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('old.txt', { exact: true }).waitFor({ state: 'hidden' });
    await page.evaluate(() => {
      const files = new DataTransfer();
      files.items.add(new File(['dropped'], 'dropped.txt', { type: 'text/plain' }));
      document.querySelector('h1')?.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: files }));
    });
    await page.getByText('dropped.txt', { exact: true }).waitFor();
  });

  it('keeps a filter, shows a timeline and compares two runs', async () => {
    await go('/executions?state=Succeeded');
    await button('Saved filters').click();
    await page.getByRole('menuitem', { name: 'Save this filter' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('good ones');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await go('/executions');
    await button('Saved filters').click();
    await page.getByRole('menuitem', { name: 'good ones', exact: true }).click();
    await page.waitForURL('**state=Succeeded**');
    await button('Timeline').click();
    await page.getByRole('link', { name: /Hello, Succeeded, from/ }).first().waitFor();
    await button('List').click();
    for (const index of [1, 2]) await page.getByRole('checkbox').nth(index).check();
    await button('Compare').click();
    await heading('Compare two executions').waitFor();
    await page.getByRole('table', { name: 'Run' }).waitFor();
    comparison = new URL(page.url()).pathname + new URL(page.url()).search;
  });

  it('gives an agent labels and a pool, and drains it until a time', async () => {
    await go('/agents');
    await page.getByRole('link', { name: 'robot-1' }).click();
    await heading('robot-1').waitFor();
    await page.getByRole('main').getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Labels and pools' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Labels').fill('office, excel');
    await dialog.getByLabel('Name of a new pool').fill('night');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByRole('checkbox', { name: 'night' }).waitFor();
    await shot('dialog-agent');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('excel', { exact: true }).waitFor();
    await page.getByText('night', { exact: true }).waitFor();
    await button('Drain').click();
    await dialog.getByLabel('Until').fill('2027-01-01T06:00');
    await shot('dialog-drain');
    await dialog.getByRole('button', { name: 'Drain' }).click();
    await page.getByText('Drained until').waitFor();
    await button('Take work again').click();
    await page.getByText('Drained until').waitFor({ state: 'hidden' });
  });

  it('keeps a secret that nobody reads again', async () => {
    await go('/assets');
    await button('New asset').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').first().fill('erp-password');
    await dialog.getByLabel('Value').fill('hunter2-hunter2');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('erp-password').waitFor();
    await button('Edit erp-password').click();
    expect(await dialog.getByLabel('Value').inputValue()).toBe('');
    expect(await page.content()).not.toContain('hunter2');
    await page.keyboard.press('Escape');
  });

  it('keeps a file that nobody reads again', async () => {
    await go('/assets');
    await button('New asset').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').first().fill('erp-certificate');
    await dialog.getByLabel('Format').selectOption({ label: 'File' });
    expect(await dialog.getByLabel('Kind').isDisabled()).toBe(true);
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    const certificate = { name: 'client.p12', mimeType: 'application/x-pkcs12', buffer: Buffer.from('hunter3-hunter3') };
    await dialog.locator('input[type=file]').setInputFiles({ ...certificate, buffer: Buffer.alloc(10 * 1024 * 1024 + 1) });
    await dialog.getByText('Is larger than 10 MiB.').waitFor();
    await dialog.locator('input[type=file]').setInputFiles(certificate);
    await dialog.getByText('client.p12').waitFor();
    await shot('dialog-asset-file');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: /client\.p12/ }).waitFor();
    await button('Edit erp-certificate').click();
    await dialog.getByText('Now client.p12, 15 B.').waitFor();
    await page.keyboard.press('Escape');
  });

  it('brings a release to an agent, and says why it went back', async () => {
    // A program that ends at once: the agent has to go back to the one before.
    const program = join(place.folder, 'openautomate-agent');
    writeFileSync(program, '#!/bin/sh\nexit 7\n');
    const { key, signed } = place.signRelease('99.0.0', program);
    const manifest = join(place.folder, 'release.json');
    writeFileSync(manifest, signed);
    const dialog = page.getByRole('dialog');
    await go('/agents');
    await button('Add an agent').click();
    await page.getByLabel('Labels').fill('first');
    await button('Create the token').click();
    const commands = await page.getByTestId('enrol-commands').innerText();
    place.startAgent(/OPENAUTOMATE_ENROLMENT_TOKEN=(\S+)/.exec(commands)?.[1] ?? '', 'robot-2', key);
    await page.getByText('Connected:').waitFor({ timeout: 60_000 });
    await button('Done').click();
    await page.getByRole('link', { name: 'Updates' }).click();
    await heading('Agent updates').waitFor();
    await button('New release').click();
    await dialog.locator('input[type=file]').setInputFiles(program);
    await dialog.getByText('Add the file that release sign printed, too.').waitFor();
    await dialog.locator('input[type=file]').setInputFiles(manifest);
    await dialog.getByText('openautomate-agent is chosen').waitFor();
    await shot('dialog-release');
    await dialog.getByRole('button', { name: 'Upload' }).click();
    await button('Roll out 99.0.0').click();
    await dialog.getByText('2 agents get it.').waitFor();
    await dialog.getByText(/^robot-1 takes no releases from here and would stop the rollout/).waitFor();
    await shot('dialog-rollout');
    await dialog.getByLabel('Which agents').selectOption({ label: 'Those with a label' });
    await dialog.getByLabel(/^Label/).fill('first');
    await dialog.getByText('1 agent gets it.').waitFor();
    await dialog.getByRole('button', { name: 'Roll out' }).click();
    await page.getByText('Rollout of 99.0.0').waitFor();
    await page.getByText('Stopped by a failure').waitFor({ timeout: 120_000 });
    await page.getByRole('button', { name: '99.0.0', exact: true }).click();
    await dialog.getByText('Went back', { exact: true }).waitFor();
    await dialog.getByText(/exit status: 7/).first().waitFor();
    await shot('dialog-rollout-ended');
    await page.keyboard.press('Escape');
  });

  it('stops a rollout', async () => {
    // A busy agent finishes first, so that there is something to stop.
    await go('/packages');
    await button('Run Hello').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('repeat').fill('400');
    await dialog.getByLabel('delay').fill('1');
    await dialog.getByLabel('Agent', { exact: true }).selectOption({ label: 'robot-2' });
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL('**/executions/*-*');
    const busy = page.url();
    await page.getByRole('log').getByText('world').first().waitFor({ timeout: 60_000 });
    const program = join(place.folder, 'openautomate-agent-next');
    writeFileSync(program, '#!/bin/sh\nexit 8\n');
    const manifest = join(place.folder, 'next.json');
    writeFileSync(manifest, place.signRelease('99.1.0', program).signed);
    await go('/agents/updates');
    await button('New release').click();
    await dialog.locator('input[type=file]').setInputFiles([manifest, program]);
    await dialog.getByRole('button', { name: 'Upload' }).click();
    await button('Roll out 99.1.0').click();
    await dialog.getByLabel('Which agents').selectOption({ label: 'Those with a label' });
    await dialog.getByLabel(/^Label/).fill('first');
    await dialog.getByRole('button', { name: 'Roll out' }).click();
    await page.getByText('Finishing its work').waitFor({ timeout: 60_000 });
    await shot('rollout');
    await button('Stop').click();
    await dialog.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped', { exact: true }).waitFor();
    await page.goto(busy);
    await button('Cancel').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled', { exact: true }).first().waitFor({ timeout: 60_000 });
  });

  it('invites a Viewer, who looks at everything and changes nothing', async () => {
    await go('/users');
    await button('Invite somebody').click();
    await page.getByLabel('Email').fill('vic@example.org');
    await button('Create the link').click();
    const link = await page.getByTestId('invitation').innerText();
    const guest = await watched(browser);
    await guest.page.goto(link);
    expect(await guest.page.getByLabel('Email', { exact: true }).inputValue()).toBe('vic@example.org');
    await guest.page.getByLabel('User name').fill('vic');
    await guest.page.getByLabel('Password').fill(PASSWORD);
    await guest.page.getByRole('button', { name: 'Create account' }).click();
    await guest.page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
    const changing = /^(Run|New|Add|Invite|Cancel|Drain|Delete|Edit|Promote|Roll|Stop|Make|Create|Pause|Resume|Import|Upload)/;
    for (const [path, name] of [
      ['/executions', 'Executions'],
      ['/packages', 'Automation Packages'],
      ['/schedules', 'Schedules'],
      ['/agents', 'Bot Agents'],
      ['/agents/updates', 'Agent updates'],
      ['/triggers', 'Triggers'],
      ['/queues', 'Work Queues'],
      ['/buckets', 'Buckets'],
      ['/settings', 'Settings'],
    ] as const) {
      await guest.page.goto(place.url + path);
      await guest.page.getByRole('heading', { level: 1, name }).waitFor();
      await settled(guest.page);
      // Keys are everybody's own.
      const changes = await guest.page.getByRole('button', { name: changing }).allInnerTexts();
      expect(changes.filter((name) => name.trim() !== 'New key'), path).toEqual([]);
      for (const toggle of await guest.page.getByRole('switch').all()) expect(await toggle.isDisabled(), path).toBe(true);
    }
    await guest.page.goto(`${place.url}/packages`);
    await guest.page.getByRole('link', { name: 'Hello' }).click();
    await guest.page.getByRole('heading', { level: 1, name: 'Hello' }).waitFor();
    expect(await guest.page.getByRole('button', { name: changing }).allInnerTexts()).toEqual([]);
    expect(await guest.page.getByRole('navigation').getByRole('link', { name: /Users|Audit|Assets/ }).count()).toBe(0);
    // Whatever the page shows, the server decides.
    const status = await guest.page.evaluate(async () => {
      const session = (await (await fetch('/api/auth/refresh', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).json()) as { accessToken: string };
      const answer = await fetch('/api/packages', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${session.accessToken}` },
        body: JSON.stringify({ name: 'mine' }),
      });
      return answer.status;
    });
    expect(status).toBe(403);
    await guest.context.close();
  });

  it('invites somebody, and takes it back', async () => {
    await go('/users');
    await button('Invite somebody').click();
    await page.getByLabel('Email').fill('mia@example.org');
    await button('Create the link').click();
    await button('Done').click();
    const open = page.getByRole('table', { name: 'Open invitations' });
    await open.getByText('mia@example.org').waitFor();
    await shot('invitations');
    await button('Withdraw the invitation of mia@example.org').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click();
    await page.getByText('The invitation is withdrawn').waitFor();
    await open.waitFor({ state: 'hidden' });
  });

  it('makes an API key that is good for what it was made for, until it is revoked', async () => {
    await go('/settings');
    await button('New key').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').first().fill('nightly report');
    await dialog.getByLabel('Good for').selectOption({ label: '30 days' });
    await dialog.getByRole('checkbox', { name: 'see executions, logs and artifacts' }).check();
    await dialog.getByRole('button', { name: 'All: Work queues' }).click();
    await look('dialog-api-key');
    await dialog.getByRole('button', { name: 'Create the key' }).click();
    const key = await dialog.getByTestId('api-key').innerText();
    expect(key).toMatch(/^oa_pat_/);
    await look('dialog-api-key-made');
    await dialog.getByRole('button', { name: 'I have kept it' }).click();
    expect(await page.content()).not.toContain(key);
    const row = page.getByRole('table', { name: 'API keys' }).getByRole('row', { name: /nightly report/ });
    await row.getByText('Never').waitFor();
    expect((await ask('/api/executions', key)).status).toBe(200);
    expect((await ask('/api/agents', key)).status).toBe(403);
    await go('/settings');
    await button('Revoke nightly report').waitFor();
    expect(await row.getByText('Never').count()).toBe(0);
    await button('Revoke nightly report').click();
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    // The table is hidden from those who ask for roles as long as the question is open.
    await page.getByText('The key is revoked').waitFor();
    await row.waitFor({ state: 'hidden' });
    expect((await ask('/api/executions', key)).status).toBe(401);
    await button('Show 1 that is over').click();
    await row.getByText('revoked').waitFor();
  });

  it('makes a role and gives it to somebody, who may more from then on; it stays while they have it', async () => {
    await go('/users');
    await button('New role').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').first().fill('Night shift');
    await dialog.getByLabel('What it is for').fill('Ends what hangs, at night.');
    await dialog.getByRole('checkbox', { name: 'see agents' }).check();
    await look('dialog-role');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Night shift', exact: true }).waitFor();
    await button('Actions for the role Night shift').click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    await dialog.getByRole('checkbox', { name: 'cancel executions' }).check();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await button('Actions for vic').click();
    await page.getByRole('menuitem', { name: 'Change roles' }).click();
    await dialog.getByRole('checkbox', { name: /^Night shift/ }).check();
    await look('dialog-person');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('row', { name: /vic@example.org/ }).getByText('Night shift').waitFor();
    await button('Actions for the role Night shift').click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByText(/^these have the role: vic; take it from them first$/).waitFor();
    const answer = await fetch(`${place.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'vic', password: PASSWORD }),
    });
    const { accessToken } = (await answer.json()) as { accessToken: string };
    const { permissions } = (await (await ask('/api/auth/me', accessToken)).json()) as { permissions: string[] };
    expect(permissions).toContain('CancelExecutions');
    expect(permissions).not.toContain('RunExecutions');
    await page.getByRole('button', { name: 'Operator', exact: true }).click();
    await dialog.getByText('It is built in').waitFor();
    expect(await dialog.getByRole('checkbox', { name: 'cancel executions' }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
  });

  let recoveryCodes: string[] = [];

  it('sets up an authenticator, and signs in with its code', async () => {
    const guest = await watched(browser);
    await signIn(guest.page, 'vic', PASSWORD);
    await guest.page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
    await guest.page.goto(`${place.url}/settings`);
    await guest.page.getByRole('button', { name: 'Set it up' }).click();
    const dialog = guest.page.getByRole('dialog');
    await dialog.getByLabel('Password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Next' }).click();
    const secret = await dialog.locator('code').innerText();
    await dialog.getByRole('img', { name: 'The key as a QR code' }).waitFor();
    await look('dialog-authenticator', guest.page);
    await dialog.getByRole('textbox', { name: 'Code' }).fill(totp(secret));
    await dialog.getByRole('button', { name: 'Turn it on' }).click();
    await dialog.getByTestId('recovery-codes').waitFor();
    recoveryCodes = await dialog.getByTestId('recovery-codes').getByRole('listitem').allInnerTexts();
    await look('dialog-recovery-codes', guest.page);
    await dialog.getByRole('button', { name: 'I have kept them' }).click();
    await guest.page.getByText(/recovery codes are left/).waitFor();

    const second = await watched(browser);
    await signIn(second.page, 'vic', PASSWORD);
    await second.page.getByText('One more proof').waitFor();
    await look('login-code', second.page);
    // The code of the next half minute is taken too; this one's was used.
    await second.page.getByLabel('Code').fill(totp(secret, 1));
    await second.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await second.page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();

    await guest.page.reload();
    await settled(guest.page);
    const sessions = guest.page.getByRole('table', { name: 'Where you are signed in' });
    await sessions.getByText('this one').waitFor();
    await sessions.evaluate((table) => table.scrollIntoView({ block: 'center' }));
    await guest.page.screenshot({ path: join(shots, 'sessions-light-1440.png') });
    const others = sessions.getByRole('button', { name: 'Sign out' });
    for (let left = await others.count(); left > 0; left -= 1) {
      await others.first().click();
      await expect.poll(() => others.count()).toBe(left - 1);
    }
    await second.page.goto(`${place.url}/executions`);
    await second.page.waitForURL('**/login?next=%2Fexecutions');
    expect([...guest.wrong, ...second.wrong].filter((line) => !isOfSigningIn(line))).toEqual([]);
    await guest.context.close();
    await second.context.close();
  });

  it('sends a link to a new password, and a recovery code stands in for the authenticator', async () => {
    await go('/users');
    await button('Actions for vic').click();
    await page.getByRole('menuitem', { name: 'Reset the password' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Create the link' }).click();
    const link = await page.getByTestId('reset-link').innerText();
    await shot('dialog-reset');
    await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
    const guest = await watched(browser);
    await guest.page.goto(link);
    await guest.page.getByLabel('New password').fill(`${PASSWORD} staple`);
    await look('reset', guest.page);
    await guest.page.getByRole('button', { name: 'Set the password' }).click();
    await guest.page.waitForURL('**/login');
    await signIn(guest.page, 'vic', `${PASSWORD} staple`);
    await guest.page.getByRole('button', { name: 'Use a recovery code' }).click();
    await guest.page.getByLabel('Recovery code').fill(recoveryCodes[0] ?? '');
    await guest.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await guest.page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
    await guest.page.goto(`${place.url}/settings`);
    await guest.page.getByText(`${recoveryCodes.length - 1} recovery codes are left`).waitFor();
    await guest.page.getByRole('button', { name: 'Turn it off' }).click();
    const dialog = guest.page.getByRole('dialog');
    await dialog.getByLabel('Password').fill(`${PASSWORD} staple`);
    await dialog.getByRole('switch').click();
    await dialog.getByRole('textbox', { name: 'Recovery code' }).fill(recoveryCodes[1] ?? '');
    await dialog.getByRole('button', { name: 'Turn it off' }).click();
    await guest.page.getByRole('button', { name: 'Set it up' }).waitFor();
    expect(guest.wrong.filter((line) => !isOfSigningIn(line))).toEqual([]);
    await guest.context.close();
  });

  it('tells of a key on two machines, and lets the agent in again', async () => {
    await go('/agents');
    await button('Add an agent').click();
    await button('Create the token').click();
    const commands = await page.getByTestId('enrol-commands').innerText();
    await page.keyboard.press('Escape');
    const stopTwin = place.startTwins(/OPENAUTOMATE_ENROLMENT_TOKEN=(\S+)/.exec(commands)?.[1] ?? '', 'robot-3', ['office-pc', 'office-pc-clone']);
    const banner = page.getByRole('region', { name: 'robot-3 is shut out' });
    await banner.waitFor({ timeout: 90_000 });
    await banner.getByText('office-pc', { exact: true }).waitFor();
    await banner.getByText('office-pc-clone', { exact: true }).waitFor();
    await page.getByRole('row', { name: /robot-3/ }).getByText('Shut out').waitFor();
    await look('quarantine');
    await stopTwin();
    await banner.getByRole('link', { name: 'robot-3' }).click();
    await heading('robot-3').waitFor();
    await look('quarantine-agent');
    await button('Let it in again').click();
    await banner.waitFor({ state: 'hidden' });
    await page.getByText('Ready', { exact: true }).waitFor({ timeout: 90_000 });
  });

  it('saves the audit as a file', async () => {
    await go('/audit');
    await button('Export').click();
    const saved = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'CSV' }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toBe('audit.csv');
    const text = readFileSync(await file.path(), 'utf8');
    for (const action of ['apiKey.create', 'role.create', 'totp.confirm', 'agent.release']) expect(text).toContain(action);
  });

  it('verifies the audit', async () => {
    await go('/audit');
    await button('Verify the chain').click();
    await page.getByText(/^Whole: \d+ entries verified$/).waitFor();
    await page.getByRole('button', { name: 'execution.cancel' }).first().click();
    await page.getByRole('dialog').getByText('ada', { exact: true }).first().waitFor();
    await page.keyboard.press('Escape');
  });

  it('has said nothing of errors so far', () => {
    // The first look for a session, before anybody signed in.
    expect(main.wrong.filter((line) => !line.includes('/api/auth/refresh') && !/status of 4(00|09|22)/.test(line))).toEqual([]);
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

describe.sequential('the screens of strangers', () => {
  for (const theme of ['light', 'dark'] as const) {
    it(`look right: ${theme}`, async () => {
      const stranger = await watched(browser);
      await stranger.page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      for (const [name, path] of [
        ['login', '/login'],
        ['setup', '/setup#token=none'],
      ] as const) {
        for (const width of [1440, 390]) {
          await stranger.page.setViewportSize({ width, height: 844 });
          await stranger.page.goto(place.url + path);
          await stranger.page.getByLabel('Password').waitFor();
          expect(await serious(stranger.page), name).toEqual([]);
          expect(await overflows(stranger.page), name).toBe(0);
          await stranger.page.screenshot({ path: join(shots, `${name}-${theme}-${width}.png`) });
        }
      }
      expect(stranger.wrong.filter((line) => !line.includes('/api/auth/refresh'))).toEqual([]);
      await stranger.context.close();
    });
  }
});

describe.sequential('the screens', () => {
  const screens: [string, string][] = [
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
    for (const [name, list, link] of [
      ['execution', '/executions?state=Succeeded', 'Invoices to ledger'],
      ['package', '/packages', 'Hello'],
      ['schedule', '/schedules', 'Hello on weekdays'],
      ['agent', '/agents', 'robot-1'],
      ['queue', '/queues', 'invoices'],
      ['bucket', '/buckets', 'reports'],
    ] as const) {
      await go(list);
      await page.getByRole('link', { name: link, exact: true }).first().click();
      await page.waitForURL('**/*-*-*-*-*');
      screens.push([name, new URL(page.url()).pathname]);
    }
    screens.push(['compare', comparison]);
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
      }, SLOW);
    }
  }
});
