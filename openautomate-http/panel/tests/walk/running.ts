import { it } from 'vitest';
import { type Walk } from './walk';

/** Packages, and what comes of running them. */
export function running(walk: Walk): void {
  const { go, button, heading, shot, publish } = walk;

  it('publishes packages', async () => {
    await publish('hello', 'Hello');
    await walk.page.getByRole('cell', { name: /^\d+\.\d+\.\d+$/ }).first().waitFor();
    await publish('invoices', 'Invoices to ledger');
  });

  it('runs a package by its form, with what both sides say of the inputs', async () => {
    await go('/packages');
    await walk.page.getByRole('link', { name: 'Hello' }).click();
    await heading('Hello').waitFor();
    await button('Run Hello').click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByLabel('repeat').fill('many');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await dialog.getByText('Is not a whole number.').waitFor();
    await shot('dialog-run');
    await dialog.getByLabel('repeat').fill('25');
    await dialog.getByLabel('delay').fill('0.2');
    await dialog.getByLabel('name').fill('browser');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await walk.page.waitForURL('**/executions/*-*');
  });

  it('shows the log while it runs', async () => {
    const log = walk.page.getByRole('log');
    await log.getByText('browser').first().waitFor({ timeout: 60_000 });
    await walk.page.getByText('Running', { exact: true }).first().waitFor();
    await walk.page.getByText('Succeeded', { exact: true }).first().waitFor({ timeout: 60_000 });
    await walk.page.getByText('Complete', { exact: true }).waitFor();
    await walk.page.getByLabel('Search the log').fill('browser');
    await walk.page.getByText(/^1 of \d+$/).waitFor();
  });

  it('shows the artifacts of the invoices', async () => {
    await go('/packages');
    await button('Run Invoices to ledger').click();
    await walk.page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
    await walk.page.waitForURL('**/executions/*-*');
    await walk.page.getByText('Succeeded', { exact: true }).first().waitFor({ timeout: 170_000 });
    await walk.page.getByRole('tab', { name: /Artifacts/ }).click();
    await walk.page.getByText('ledger.csv').waitFor();
    await button('Look at ledger.csv').click();
    await walk.page.getByRole('dialog').getByRole('columnheader').first().waitFor();
    await shot('dialog-artifact');
    await walk.page.keyboard.press('Escape');
  });
}

/** Ending what runs. */
export function cancelling(walk: Walk): void {
  const { go, button } = walk;

  it('cancels a long one', async () => {
    await go('/packages');
    await button('Run Hello').click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByLabel('repeat').fill('1000');
    await dialog.getByLabel('delay').fill('1');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await walk.page.waitForURL('**/executions/*-*');
    await walk.page.getByRole('log').getByText('world').first().waitFor({ timeout: 60_000 });
    await button('Cancel').click();
    await walk.page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await walk.page.getByText('Cancelled', { exact: true }).first().waitFor({ timeout: 60_000 });
  });
}
