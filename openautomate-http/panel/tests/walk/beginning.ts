import { expect, it } from 'vitest';
import { PASSWORD, type Walk } from './walk';

/** Somebody who is new: their account, and the first agent. */
export function beginning(walk: Walk): void {
  const { place, go, button, heading, shot } = walk;

  it('leads strangers to where they sign in', async () => {
    await walk.page.goto(`${place.url}/schedules`);
    await walk.page.waitForURL('**/login?next=%2Fschedules');
    await walk.page.getByLabel('User name or email').waitFor();
  });

  it('makes the first administrator by the link', async () => {
    await walk.page.goto(place.setupLink);
    await walk.page.getByLabel('User name').fill('ada');
    await walk.page.getByLabel('Email', { exact: true }).fill('not an address');
    await walk.page.getByLabel('Password').fill(PASSWORD);
    await walk.page.getByLabel('Email', { exact: true }).fill('ada@example.org');
    await button('Create account').click();
    await heading('Dashboard').waitFor();
    await walk.page.getByText('Three steps to your first run').waitFor();
    expect(walk.page.url()).not.toContain('token');
  });

  it('keeps the session over a reload and holds no token where scripts find it', async () => {
    await walk.page.reload();
    await heading('Dashboard').waitFor();
    const kept = await walk.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    expect(kept).not.toMatch(/oa_refresh_|eyJ/);
    const [cookie] = (await walk.main.context.cookies()).filter(({ name }) => name.startsWith('openautomate-session'));
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  });

  it('enrols an agent', async () => {
    await go('/agents');
    await button('Add an agent').click();
    await walk.page.getByLabel('Labels').fill('office');
    await shot('dialog-enrol');
    await button('Create the token').click();
    const commands = await walk.page.getByTestId('enrol-commands').innerText();
    const token = /OPENAUTOMATE_ENROLMENT_TOKEN=(\S+)/.exec(commands)?.[1] ?? '';
    expect(token).not.toBe('');
    expect(commands).toContain(`--server ${place.url}`);
    place.startAgent(token, 'robot-1');
    await walk.page.getByText('Connected:').waitFor({ timeout: 60_000 });
    await button('Done').click();
    await walk.page.getByRole('link', { name: 'robot-1' }).waitFor();
    await walk.page.getByText('Ready').first().waitFor();
  });
}
