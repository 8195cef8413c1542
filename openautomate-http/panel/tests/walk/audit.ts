import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Walk } from './walk';

/** Who did what. */
export function audit(walk: Walk): void {
  const { go, button } = walk;

  it('saves the audit as a file', async () => {
    await go('/audit');
    await button('Export').click();
    const saved = walk.page.waitForEvent('download');
    await walk.page.getByRole('menuitem', { name: 'CSV' }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toBe('audit.csv');
    const text = readFileSync(await file.path(), 'utf8');
    for (const action of ['apiKey.create', 'role.create', 'totp.confirm', 'agent.release']) expect(text).toContain(action);
  });

  it('verifies the audit', async () => {
    await go('/audit');
    await button('Verify the chain').click();
    await walk.page.getByText(/^Whole: \d+ entries verified$/).waitFor();
    // The newest is of whoever worked in one environment only.
    await walk.page.getByRole('button', { name: 'execution.cancel' }).first().click();
    await walk.page.getByRole('dialog').getByText('tess', { exact: true }).first().waitFor();
    await walk.page.keyboard.press('Escape');
  });
}

/** What proves later what the chain was. */
export function checkpoints(walk: Walk): void {
  const { place, go, button, look } = walk;

  it('lists the signed checkpoints, and says whether they agree', async () => {
    // One is made when the server stops.
    await place.stopServer();
    await place.startServer();
    await go('/audit');
    await walk.page.getByRole('tab', { name: 'Chain and checkpoints' }).click();
    const table = walk.page.getByRole('table', { name: 'Signed checkpoints' });
    await table.getByText('Not verified').first().waitFor();
    const count = (await table.getByRole('row').count()) - 1;
    expect(count).toBeGreaterThan(0);
    await button('Verify the chain').click();
    await walk.page.getByText('The chain is whole').waitFor();
    await expect.poll(() => table.getByText('Agrees').count()).toBe(count);
    // The id of the key, whose whole is copied.
    await expect.poll(() => table.getByText(/^[\w-]{12}…$/).count()).toBeGreaterThanOrEqual(count);
    // The toast stands over what is looked at.
    await walk.page.getByText(/^Whole: \d+ entries verified$/).waitFor({ state: 'hidden', timeout: 30_000 });
    await look('checkpoints');
    walk.main.wrong.length = 0;
  });
}
