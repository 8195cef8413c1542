import { join } from 'node:path';
import { expect, it } from 'vitest';
import { settled, watched } from '../browser';
import { totp } from '../totp';
import { PASSWORD, isOfSigningIn, shots, type Walk } from './walk';

/** Keys of programs. */
export function apiKeys(walk: Walk): void {
  const { go, button, look, ask } = walk;

  it('makes an API key that is good for what it was made for, until it is revoked', async () => {
    await go('/settings');
    await button('New key').click();
    const dialog = walk.page.getByRole('dialog');
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
    expect(await walk.page.content()).not.toContain(key);
    const row = walk.page.getByRole('table', { name: 'API keys' }).getByRole('row', { name: /nightly report/ });
    await row.getByText('Never').waitFor();
    expect((await ask('/api/executions', key)).status).toBe(200);
    expect((await ask('/api/agents', key)).status).toBe(403);
    await go('/settings');
    await button('Revoke nightly report').waitFor();
    expect(await row.getByText('Never').count()).toBe(0);
    await button('Revoke nightly report').click();
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    // The table is hidden from those who ask for roles as long as the question is open.
    await walk.page.getByText('The key is revoked').waitFor();
    await row.waitFor({ state: 'hidden' });
    expect((await ask('/api/executions', key)).status).toBe(401);
    await button('Show 1 that is over').click();
    await row.getByText('revoked').waitFor();
  });
}

/** A second proof, and a new password. */
export function authenticators(walk: Walk): void {
  const { place, go, button, shot, look, signIn } = walk;
  let recoveryCodes: string[] = [];

  it('sets up an authenticator, and signs in with its code', async () => {
    const guest = await watched(walk.browser);
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

    const second = await watched(walk.browser);
    await signIn(second.page, 'vic', PASSWORD);
    await second.page.getByText('Enter your code').waitFor();
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
    await walk.page.getByRole('menuitem', { name: 'Reset the password' }).click();
    await walk.page.getByRole('dialog').getByRole('button', { name: 'Create the link' }).click();
    const link = await walk.page.getByTestId('reset-link').innerText();
    await shot('dialog-reset');
    await walk.page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
    const guest = await watched(walk.browser);
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
}
