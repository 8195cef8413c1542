import { expect, it } from 'vitest';
import { type Walk } from './walk';

/** A schedule that fires. */
export function firing(walk: Walk): void {
  const { go, button, heading, shot } = walk;

  it('schedules it and sees it fire', async () => {
    await go('/schedules');
    await button('New schedule').click();
    const dialog = walk.page.getByRole('dialog');
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
    await walk.page.getByRole('link', { name: 'Hello', exact: true }).nth(1).waitFor({ timeout: 40_000 });
    await walk.page.getByRole('switch').click();
    await walk.page.getByText('Paused', { exact: true }).waitFor();
  });
}

/** What a schedule will do, and what it did not. */
export function planning(walk: Walk): void {
  const { go, button, heading, shot } = walk;

  it('shows the weeks ahead of a schedule', async () => {
    await go('/schedules');
    await button('New schedule').click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByLabel('Package').selectOption({ label: 'Hello' });
    await dialog.getByLabel('Name').first().fill('Hello on weekdays');
    await dialog.getByLabel('Expression').fill('0 0 8,12,16 * * MON-FRI');
    await expect.poll(() => dialog.getByRole('listitem').count(), { timeout: 20_000 }).toBe(10);
    await dialog.getByRole('button', { name: 'Create' }).click();
    await heading('Hello on weekdays').waitFor();
    await walk.page.getByRole('img', { name: /in 12 weeks/ }).waitFor();
    await walk.page.getByText('The next 12 weeks').evaluate((title) => title.scrollIntoView());
    await shot('schedule-weeks');
  });

  it('makes up for runs of a schedule', async () => {
    await go('/schedules');
    await walk.page.getByRole('link', { name: 'Hello every ten seconds', exact: true }).click();
    await heading('Hello every ten seconds').waitFor();
    await walk.page.getByText(/too often to be counted/).waitFor();
    await walk.page.getByRole('main').getByRole('button', { name: 'More' }).click();
    await walk.page.getByRole('menuitem', { name: 'Backfill' }).click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByLabel('At most').fill('1');
    await dialog.getByRole('button', { name: 'Run them' }).click();
    await dialog.getByRole('alert').waitFor();
    await shot('dialog-backfill');
    await walk.page.keyboard.press('Escape');
  });
}
