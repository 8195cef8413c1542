import { expect, it } from 'vitest';
import { settled, watched } from '../browser';
import { isOfSigningIn, PASSWORD, type Walk } from './walk';

/** Somebody who works in one environment only. */
export function grants(walk: Walk): void {
  const { place, go, button, look, signIn } = walk;

  /** Makes an account by an invitation. */
  async function invite(username: string): Promise<void> {
    await go('/users');
    await button('Invite somebody').click();
    await walk.page.getByLabel('Email').fill(`${username}@example.org`);
    await button('Create the link').click();
    const link = await walk.page.getByTestId('invitation').innerText();
    await button('Done').click();
    const guest = await watched(walk.browser);
    await guest.page.goto(link);
    await guest.page.getByLabel('User name').fill(username);
    await guest.page.getByLabel('Password').fill(PASSWORD);
    await guest.page.getByRole('button', { name: 'Create account' }).click();
    await guest.page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
    await guest.context.close();
  }

  async function openRoles(username: string): Promise<void> {
    await go('/users');
    await button(`Actions for ${username}`).click();
    await walk.page.getByRole('menuitem', { name: 'Change roles' }).click();
    await walk.page.getByRole('table', { name: 'In single environments' }).waitFor();
  }

  it('gives a role in one environment, and it holds there alone', async () => {
    await invite('tess');
    await openRoles('tess');
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByRole('checkbox', { name: /^Viewer Looks/ }).uncheck();
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await dialog.getByRole('checkbox', { name: 'Operator in testing' }).check();
    await look('dialog-person-environments');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await walk.page.getByRole('row', { name: /tess@example.org/ }).getByText('testing: Operator').waitFor();

    await go('/executions?state=Succeeded');
    await walk.page.getByRole('link', { name: 'Invoices to ledger', exact: true }).first().click();
    await walk.page.waitForURL('**/executions/*-*');
    const elsewhere = new URL(walk.page.url()).pathname;

    const guest = await watched(walk.browser);
    const { page } = guest;
    await signIn(page, 'tess', PASSWORD);
    await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
    await settled(page);
    // The one environment that is theirs; nothing to choose.
    await page.getByRole('banner').getByText('testing', { exact: true }).waitFor();
    expect(await page.getByRole('banner').getByText('All environments').count()).toBe(0);
    const links = await page.getByRole('navigation', { name: 'Screens' }).getByRole('link').allInnerTexts();
    expect(links).toEqual(expect.arrayContaining(['Executions', 'Bot Agents', 'Automation Packages', 'Schedules', 'Work Queues']));
    expect(links).not.toContain('Users');
    expect(links).not.toContain('Audit');
    await look('dashboard-limited', page);
    for (const path of ['/executions', '/agents', '/packages', '/schedules', '/triggers', '/queues', '/buckets', '/assets', '/approvals', '/settings']) {
      await page.goto(place.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await settled(page);
      expect(await page.getByText(/may not|needs the permission|403/).count(), path).toBe(0);
    }
    expect(guest.wrong.filter((line) => !isOfSigningIn(line))).toEqual([]);
    // What is elsewhere is not there.
    await page.goto(`${place.url}/agents`);
    await settled(page);
    expect(await page.getByRole('link', { name: 'robot-1' }).count()).toBe(0);
    await page.goto(place.url + elsewhere);
    await page.getByRole('main').getByRole('alert').waitFor();
    guest.wrong.length = 0;

    await page.goto(`${place.url}/packages`);
    await page.getByRole('button', { name: 'Run Hello' }).click();
    const run = page.getByRole('dialog');
    await run.getByLabel('repeat').waitFor();
    expect(await run.getByLabel('Environment').locator('option').allInnerTexts()).toEqual(['testing']);
    await run.getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL('**/executions/*-*');
    await page.getByText('Pending', { exact: true }).first().waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await run.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled', { exact: true }).first().waitFor();
    expect(guest.wrong).toEqual([]);
    await guest.context.close();
  });

  it('is decided for the environment that is looked at, where somebody sees several', async () => {
    await openRoles('tess');
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByRole('checkbox', { name: 'Viewer in production' }).check();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'hidden' });
    const guest = await watched(walk.browser);
    const { page } = guest;
    await signIn(page, 'tess', PASSWORD);
    await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
    const choose = async (name: string) => {
      await page.getByRole('banner').getByRole('button', { name: /^Environment/ }).click();
      const offered = await page.getByRole('menuitem').allInnerTexts();
      await page.getByRole('menuitem', { name, exact: true }).click();
      return offered;
    };
    await page.goto(`${place.url}/executions`);
    expect(await choose('production')).toEqual(['All environments', 'testing', 'production']);
    await page.getByRole('link', { name: 'Invoices to ledger', exact: true }).first().waitFor();
    await page.getByRole('button', { name: 'Run a package' }).waitFor({ state: 'hidden' });
    // A Viewer sees no assets.
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Assets' }).waitFor({ state: 'hidden' });
    await choose('testing');
    await page.getByRole('button', { name: 'Run a package' }).waitFor();
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Assets' }).waitFor();
    await choose('All environments');
    // On one thing it is its own environment that counts.
    await page.getByRole('link', { name: 'Invoices to ledger', exact: true }).first().click();
    await page.getByRole('tab', { name: /Artifacts/ }).waitFor();
    await settled(page);
    expect(await page.getByRole('button', { name: 'Run again' }).count()).toBe(0);
    await page.goto(`${place.url}/executions?state=Cancelled`);
    await page.getByRole('row', { name: /testing/ }).getByRole('link').first().click();
    await page.getByRole('button', { name: 'Run again' }).waitFor();
    expect(guest.wrong.filter((line) => !isOfSigningIn(line))).toEqual([]);
    await guest.context.close();
  });
}
