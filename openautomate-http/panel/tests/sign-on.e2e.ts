import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settled, watched } from './browser';
import { CLIENT, Provider, SECRET, type Person } from './provider';
import { totp } from './totp';
import { isOfSigningIn, PASSWORD, Walk } from './walk/walk';

/** Ways to sign in beside a password: an account at an identity provider, and a second factor that is asked of everybody. */

const walk = new Walk();
const { place, go, button, heading, look, signIn } = walk;
const provider = new Provider();

const EVE: Person = { sub: '248289761001', email: 'eve@example.org', email_verified: true, preferred_username: 'eve' };
const ADA: Person = { sub: '248289761002', email: 'ada@example.org', email_verified: true, preferred_username: 'ada' };

const title = (at: Page, name: string) => at.getByRole('heading', { level: 1, name }).waitFor();
const atProvider = (at: Page) => at.getByRole('link', { name: 'Sign in with Example Corp' });

const linkButton = () => walk.page.getByRole('button', { name: 'Link Example Corp', exact: true });

/** A window of somebody who is not signed in. */
const stranger = () => watched(walk.browser);

/** Who is signed in. */
async function whoIs(at: Page): Promise<string> {
  await at.getByRole('button', { name: 'Account' }).click();
  const text = await at.getByRole('menu').innerText();
  await at.keyboard.press('Escape');
  return text.split(' · ')[0] ?? '';
}

beforeAll(async () => {
  await provider.start();
  const url = await place.takePort();
  const secret = join(place.folder, 'client-secret');
  writeFileSync(secret, SECRET, { mode: 0o600 });
  place.options = ['--public-url', url, '--oidc-issuer', provider.url, '--oidc-client-id', CLIENT, '--oidc-client-secret-file', secret];
  // Everybody of the walk comes from one address.
  place.options.push('--max-public-requests', '1000');
  place.options.push('--oidc-name', 'corp', '--oidc-title', 'Example Corp', '--oidc-create-accounts', '--oidc-default-role', 'Viewer');
  await walk.begin();
  await walk.page.goto(place.setupLink);
  await walk.page.getByLabel('User name').fill('ada');
  await walk.page.getByLabel('Email', { exact: true }).fill('ada@example.org');
  await walk.page.getByLabel('Password').fill(PASSWORD);
  await button('Create account').click();
  await heading('Dashboard').waitFor();
});

afterAll(async () => {
  await walk.end();
  await provider.stop();
});

describe.sequential('an account at an identity provider', () => {
  it('signs somebody new in, and leads where they wanted to go', async () => {
    const guest = await stranger();
    await guest.page.goto(`${place.url}/packages`);
    await atProvider(guest.page).waitFor();
    await look('login-provider', guest.page);
    provider.person = EVE;
    await atProvider(guest.page).click();
    await title(guest.page, 'Automation Packages');
    expect(await whoIs(guest.page)).toBe('eve');
    expect(guest.page.url()).toBe(`${place.url}/packages`);
    expect(guest.wrong.filter((line) => !isOfSigningIn(line))).toEqual([]);
    await guest.context.close();
  });

  it('says in words why somebody was not signed in', async () => {
    const guest = await stranger();
    provider.person = undefined;
    await guest.page.goto(`${place.url}/login`);
    await atProvider(guest.page).click();
    await guest.page.waitForURL('**/login?error=oidc.denied');
    await guest.page.getByRole('alert').getByText('You were not signed in').waitFor();
    await look('login-refused', guest.page);
    // What stands in the address is never shown.
    await guest.page.goto(`${place.url}/login?error=${encodeURIComponent('<b>call 555-1234</b>')}`);
    await guest.page.getByRole('alert').getByText('The sign-in did not work').waitFor();
    expect(await guest.page.locator('main').innerText()).not.toContain('555');
    expect(guest.wrong.filter((line) => !isOfSigningIn(line))).toEqual([]);
    await guest.context.close();
  });

  it('takes no account for one that has a password here', async () => {
    const guest = await stranger();
    provider.person = ADA;
    await guest.page.goto(`${place.url}/login`);
    await atProvider(guest.page).click();
    await guest.page.getByText('You have an account here already').waitFor();
    await guest.context.close();
  });

  it('is linked in the settings, signs in from then on, and is taken off again', async () => {
    await go('/settings');
    // The account of somebody else is not to be had.
    provider.person = EVE;
    await linkButton().click();
    await walk.page.getByText('Somebody else signs in with that account').waitFor();
    expect(new URL(walk.page.url()).search).toBe('');
    provider.person = ADA;
    await linkButton().click();
    await walk.page.getByText('Example Corp is linked').waitFor();
    const list = walk.page.getByRole('list', { name: 'Single sign-on' });
    await list.getByText('Example Corp').waitFor();
    await linkButton().waitFor({ state: 'hidden' });
    await list.evaluate((element) => element.scrollIntoView({ block: 'center' }));
    await look('linked');

    const guest = await stranger();
    await guest.page.goto(`${place.url}/login`);
    await atProvider(guest.page).click();
    await title(guest.page, 'Dashboard');
    expect(await whoIs(guest.page)).toBe('ada');
    await guest.context.close();

    await button('Unlink Example Corp').click();
    await walk.page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click();
    await walk.page.getByText('Example Corp is unlinked').waitFor();
    await list.waitFor({ state: 'hidden' });
    await linkButton().waitFor();
    expect(walk.main.wrong.filter((line) => !isOfSigningIn(line))).toEqual([]);
  });

  it('is not taken off who has no other way in', async () => {
    const guest = await stranger();
    provider.person = EVE;
    await guest.page.goto(`${place.url}/login?next=%2Fsettings`);
    await atProvider(guest.page).click();
    await title(guest.page, 'Settings');
    await guest.page.getByRole('button', { name: 'Unlink Example Corp' }).click();
    await guest.page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click();
    await guest.page.getByText(/only way to sign in/).first().waitFor();
    await guest.page.getByRole('list', { name: 'Single sign-on' }).getByText('Example Corp').waitFor();
    await guest.context.close();
  });

  it('is seen by an administrator, who is told what to do first', async () => {
    await go('/users');
    await button('Actions for eve').click();
    await walk.page.getByRole('menuitem', { name: 'Single sign-on' }).click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByRole('list', { name: 'Single sign-on' }).getByText('Example Corp').waitFor();
    await look('linked-of-other');
    await dialog.getByRole('button', { name: 'Unlink Example Corp' }).click();
    await dialog.getByText('eve does not sign in with it').waitFor();
    await dialog.getByRole('button', { name: 'Unlink', exact: true }).click();
    await walk.page.getByText(/only way in for eve/).first().waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await dialog.waitFor({ state: 'hidden' });
  });
});

describe.sequential('a second factor that is asked of everybody', () => {
  it('stands before everything else until it is set up', async () => {
    await place.stopServer();
    place.options.push('--require-totp', 'everybody');
    await place.startServer();
    const guest = await stranger();
    await signIn(guest.page, 'ada', PASSWORD);
    await title(guest.page, 'Set up an authenticator');
    await look('must-enrol', guest.page);
    await guest.page.getByRole('button', { name: 'Sign out' }).click();
    await guest.page.waitForURL('**/login');
    await signIn(guest.page, 'ada', PASSWORD);
    // No way around it.
    await title(guest.page, 'Set up an authenticator');
    await guest.page.goto(`${place.url}/users`);
    await title(guest.page, 'Set up an authenticator');
    expect(await guest.page.getByRole('navigation').count()).toBe(0);
    await guest.page.getByLabel('Password').fill('wrong horse');
    await guest.page.getByRole('button', { name: 'Next' }).click();
    // The router says the page in an alert of its own.
    await guest.page.getByText('is not your present password').waitFor();
    await guest.page.getByLabel('Password').fill(PASSWORD);
    await guest.page.getByRole('button', { name: 'Next' }).click();
    const secret = await guest.page.locator('code').innerText();
    await guest.page.getByRole('img', { name: 'The key as a QR code' }).waitFor();
    await look('must-enrol-code', guest.page);
    await guest.page.getByRole('textbox', { name: 'Code' }).fill(totp(secret));
    await guest.page.getByRole('button', { name: 'Turn it on' }).click();
    await guest.page.getByTestId('recovery-codes').waitFor();
    await guest.page.getByRole('button', { name: 'I have kept them' }).click();
    await title(guest.page, 'Users');
    await settled(guest.page);
    // The wrong password, and that alone.
    expect(guest.wrong.filter((line) => !isOfSigningIn(line) && !line.includes('/api/auth/totp'))).toEqual([]);
    await guest.context.close();
  });
});
