import { it } from 'vitest';
import { type Walk } from './walk';

/** What an agent is for, and its rest. */
export function agents(walk: Walk): void {
  const { go, button, heading, shot } = walk;

  it('gives an agent labels and a pool, and drains it until a time', async () => {
    await go('/agents');
    await walk.page.getByRole('link', { name: 'robot-1' }).click();
    await heading('robot-1').waitFor();
    await walk.page.getByRole('main').getByRole('button', { name: 'More' }).click();
    await walk.page.getByRole('menuitem', { name: 'Labels and pools' }).click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByLabel('Labels').fill('office, excel');
    await dialog.getByLabel('Name of a new pool').fill('night');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByRole('checkbox', { name: 'night' }).waitFor();
    await shot('dialog-agent');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await walk.page.getByText('excel', { exact: true }).waitFor();
    await walk.page.getByText('night', { exact: true }).waitFor();
    await button('Drain').click();
    await dialog.getByLabel('Until').fill('2027-01-01T06:00');
    await shot('dialog-drain');
    await dialog.getByRole('button', { name: 'Drain' }).click();
    await walk.page.getByText('Drained until').waitFor();
    await button('Take work again').click();
    await walk.page.getByText('Drained until').waitFor({ state: 'hidden' });
  });
}

/** A key that is on two machines. */
export function twins(walk: Walk): void {
  const { place, go, button, heading, look } = walk;

  it('tells of a key on two machines, and lets the agent in again', async () => {
    await go('/agents');
    await button('Add an agent').click();
    await button('Create the token').click();
    const commands = await walk.page.getByTestId('enrol-commands').innerText();
    await walk.page.keyboard.press('Escape');
    const stopTwin = place.startTwins(/OPENAUTOMATE_ENROLMENT_TOKEN=(\S+)/.exec(commands)?.[1] ?? '', 'robot-3', ['office-pc', 'office-pc-clone']);
    const banner = walk.page.getByRole('region', { name: 'robot-3 is shut out' });
    await banner.waitFor({ timeout: 90_000 });
    await banner.getByText('office-pc', { exact: true }).waitFor();
    await banner.getByText('office-pc-clone', { exact: true }).waitFor();
    await walk.page.getByRole('row', { name: /robot-3/ }).getByText('Shut out').waitFor();
    await look('quarantine');
    await stopTwin();
    await banner.getByRole('link', { name: 'robot-3' }).click();
    await heading('robot-3').waitFor();
    await look('quarantine-agent');
    await button('Let it in again').click();
    await banner.waitFor({ state: 'hidden' });
    await walk.page.getByText('Ready', { exact: true }).waitFor({ timeout: 90_000 });
  });
}
