import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { launch, overflows, serious, settled, watched, type Watched } from '../browser';
import { Installation } from '../installation';

/** What the stories of one walk share: an installation, a browser in it, and how both are used. */

export const PASSWORD = 'correct horse battery';
export const shots = join(import.meta.dirname, '../../screenshots');

/** The first look for a session before somebody signs in, and the password alone where a code is asked for. */
export const isOfSigningIn = (line: string) => line.includes('/api/auth/refresh') || line.includes('/api/auth/login');

export class Walk {
  readonly place: Installation;
  /** The address of two executions beside each other. */
  comparison = '';
  private opened: { browser: Browser; main: Watched } | undefined;

  constructor(place = new Installation()) {
    this.place = place;
  }

  async begin(): Promise<void> {
    mkdirSync(shots, { recursive: true });
    await this.place.startServer();
    const browser = await launch();
    this.opened = { browser, main: await watched(browser) };
  }

  async end(): Promise<void> {
    await this.opened?.browser.close();
    await this.place.stop();
  }

  private get open() {
    if (!this.opened) throw new Error('the walk has not begun');
    return this.opened;
  }

  get browser(): Browser {
    return this.open.browser;
  }

  /** The window of whoever set the installation up. */
  get main(): Watched {
    return this.open.main;
  }

  get page(): Page {
    return this.main.page;
  }

  readonly go = async (path: string) => {
    await this.page.goto(this.place.url + path);
    await settled(this.page);
  };

  readonly button = (name: string | RegExp) => this.page.getByRole('button', { name });
  readonly heading = (name: string | RegExp) => this.page.getByRole('heading', { level: 1, name });

  readonly shot = async (name: string, at: Page = this.page) => {
    // Until what appears has appeared.
    await at.waitForTimeout(250);
    await at.screenshot({ path: join(shots, `${name}-light-1440.png`) });
  };

  /** What is open now, in both themes, on a screen and on a phone: as it looks, and what axe says. */
  readonly look = async (name: string, at: Page = this.page) => {
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
  readonly ask = (path: string, key: string) => fetch(this.place.url + path, { headers: { authorization: `Bearer ${key}` } });

  /** Fills in the form of the sign-in, and sends it. */
  readonly signIn = async (at: Page, username: string, password: string) => {
    await at.goto(`${this.place.url}/login`);
    await at.getByLabel('User name or email').fill(username);
    await at.getByLabel('Password').fill(password);
    await at.getByRole('button', { name: 'Sign in', exact: true }).click();
  };

  /** Publishes an example by the dialog. */
  readonly publish = async (example: string, name: string) => {
    await this.go('/packages');
    await this.button('New package').first().click();
    const dialog = this.page.getByRole('dialog');
    await dialog.locator('input[type=file]').setInputFiles(this.place.pack(example));
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByRole('button', { name: 'Publish' }).click();
    await this.heading(name).waitFor();
  };
}
