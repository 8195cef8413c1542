import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

/** A real browser that writes down what goes wrong in its pages. */

const program = process.env.OPENAUTOMATE_TEST_CHROMIUM ?? '/usr/bin/chromium';
const axe = createRequire(import.meta.url).resolve('axe-core');

export interface Watched {
  context: BrowserContext;
  page: Page;
  /** Errors of the console and of scripts, violations of the policy, answers of the server's own failure. */
  wrong: string[];
}

export async function launch(): Promise<Browser> {
  if (!existsSync(program)) throw new Error(`there is no ${program}; run .ci/chromium, or name one by OPENAUTOMATE_TEST_CHROMIUM`);
  return chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

export async function watched(browser: Browser, width = 1440, height = 900): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'en-GB', timezoneId: 'Europe/Berlin', colorScheme: 'light' });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') wrong.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => wrong.push(`script: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 500) wrong.push(`${response.status()} ${response.url()}`);
  });
  return { context, page, wrong };
}

/** What axe finds against WCAG 2.1 AA that is serious, as lines. */
export async function serious(page: Page): Promise<string[]> {
  // The policy lets no script in by an element; the debugger's own way is not the page's.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(readFileSync(axe, 'utf8'));
  return page.evaluate(async () => {
    interface Found {
      violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[];
    }
    const { axe: run } = window as unknown as { axe: { run: (node: Document, options: object) => Promise<Found> } };
    const { violations } = await run.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(' ')} – ${failureSummary.replaceAll('\n', ' ')}`).join(' | ')}`);
  });
}

/** Whether a page is wider than the window. */
export async function overflows(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Waits until nothing more is on its way. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"], .animate-pulse, [data-coming]'), undefined, { timeout: 30_000 });
  await page.waitForTimeout(250);
}
