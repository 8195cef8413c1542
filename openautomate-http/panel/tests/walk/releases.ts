import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'vitest';
import { type Walk } from './walk';

/** A new program for the agents. */
export function releases(walk: Walk): void {
  const { place, go, button, heading, shot } = walk;

  it('brings a release to an agent, and says why it went back', async () => {
    // A program that ends at once: the agent has to go back to the one before.
    const program = join(place.folder, 'openautomate-agent');
    writeFileSync(program, '#!/bin/sh\nexit 7\n');
    const { key, signed } = place.signRelease('99.0.0', program);
    const manifest = join(place.folder, 'release.json');
    writeFileSync(manifest, signed);
    const dialog = walk.page.getByRole('dialog');
    await go('/agents');
    await button('Add an agent').click();
    await walk.page.getByLabel('Labels').fill('first');
    await button('Create the token').click();
    const commands = await walk.page.getByTestId('enrol-commands').innerText();
    place.startAgent(/OPENAUTOMATE_ENROLMENT_TOKEN=(\S+)/.exec(commands)?.[1] ?? '', 'robot-2', key);
    await walk.page.getByText('Connected:').waitFor({ timeout: 60_000 });
    await button('Done').click();
    await walk.page.getByRole('link', { name: 'Updates' }).click();
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
    await walk.page.getByText('Rollout of 99.0.0').waitFor();
    await walk.page.getByText('Stopped by a failure').waitFor({ timeout: 120_000 });
    await walk.page.getByRole('button', { name: '99.0.0', exact: true }).click();
    await dialog.getByText('Went back', { exact: true }).waitFor();
    await dialog.getByText(/exit status: 7/).first().waitFor();
    await shot('dialog-rollout-ended');
    await walk.page.keyboard.press('Escape');
  });

  it('stops a rollout', async () => {
    // A busy agent finishes first, so that there is something to stop.
    await go('/packages');
    await button('Run Hello').click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByLabel('repeat').fill('400');
    await dialog.getByLabel('delay').fill('1');
    await dialog.getByLabel('Agent', { exact: true }).selectOption({ label: 'robot-2' });
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await walk.page.waitForURL('**/executions/*-*');
    const busy = walk.page.url();
    await walk.page.getByRole('log').getByText('world').first().waitFor({ timeout: 60_000 });
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
    await walk.page.getByText('Finishing its work').waitFor({ timeout: 60_000 });
    await shot('rollout');
    await button('Stop').click();
    await dialog.getByRole('button', { name: 'Stop' }).click();
    await walk.page.getByText('Stopped', { exact: true }).waitFor();
    await walk.page.goto(busy);
    await button('Cancel').click();
    await walk.page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await walk.page.getByText('Cancelled', { exact: true }).first().waitFor({ timeout: 60_000 });
  });
}
