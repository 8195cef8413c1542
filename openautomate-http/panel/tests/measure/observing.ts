import { get } from 'node:http';
import type { Page } from 'playwright-core';

/** What a page shows when, as the page itself sees it. */

declare global {
  interface Window {
    /** When the screen stood, in milliseconds after the address was asked for. */
    measuredPaint?: number;
  }
}

/** A screen that shows a placeholder within this time after it stood did not stand, in milliseconds. */
const QUIET = 400;

/** Writes down when the screen has its name and no placeholder is left, in the frame after that was painted. */
export async function watchPaint(page: Page): Promise<void> {
  await page.addInitScript((quiet: number) => {
    let since = 0;
    const look = () => {
      const stands = document.querySelector('main h1') && !document.querySelector('[aria-busy="true"], .animate-pulse');
      if (!stands) since = 0;
      else if (since === 0) {
        // After the frame that holds it.
        const channel = new MessageChannel();
        channel.port1.onmessage = () => (since = performance.now());
        channel.port2.postMessage(undefined);
      } else if (performance.now() - since > quiet) {
        window.measuredPaint = since;
        return;
      }
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, QUIET);
}

/** How long it took until the screen stood, in milliseconds. */
export async function paintedAfter(page: Page): Promise<number> {
  const found = await page.waitForFunction(() => window.measuredPaint, undefined, { timeout: 60_000 });
  return (await found.jsonValue()) ?? Number.NaN;
}

/** The scripts that a page asked for before it stood, in bytes as gzip; `painted` is when that was, in milliseconds. */
export async function scriptsUntil(page: Page, painted: number): Promise<number> {
  const names = await page.evaluate(
    (until) => performance.getEntriesByType('resource').filter(({ name, startTime }) => new URL(name).pathname.endsWith('.js') && startTime < until).map(({ name }) => name),
    painted,
  );
  const sizes = await Promise.all([...new Set(names)].map(gzipped));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function gzipped(address: string): Promise<number> {
  return new Promise((done, fail) => {
    get(address, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
      let size = 0;
      response.on('data', (piece: Buffer) => (size += piece.length));
      response.on('end', () => done(size));
    }).on('error', fail);
  });
}

/** How many frames are scrolled, and how far in each, in pixels: a quick turn of the wheel. */
const FRAMES = 600;
const FAR = 120;

/** Scrolls down from the top; the times of the frames, how many rows it came, and the longest task, in milliseconds. */
export async function scrolled(page: Page, box: string): Promise<{ frames: number[]; reached: number; longest: number }> {
  return page.evaluate(
    async ({ box: wanted, count, far }) => {
      const element = document.querySelector(wanted);
      if (!element) throw new Error(`there is no ${wanted}`);
      // A log follows its end until somebody looks elsewhere.
      element.dispatchEvent(new WheelEvent('wheel', { deltaY: -1, bubbles: true }));
      element.scrollTop = 0;
      let longest = 0;
      const observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
      });
      await new Promise((done) => setTimeout(done, 500));
      observer.observe({ entryTypes: ['longtask'] });
      const frames: number[] = [];
      await new Promise<void>((done) => {
        let before = 0;
        const step = (now: number) => {
          if (before) frames.push(now - before);
          before = now;
          if (frames.length >= count) return done();
          element.scrollTop += far;
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      });
      observer.disconnect();
      const height = element.querySelector('[data-index], [role="row"][aria-rowindex]')?.getBoundingClientRect().height ?? 1;
      return { frames, reached: Math.round(element.scrollTop / height), longest };
    },
    { box, count: FRAMES, far: FAR },
  );
}

/** For each line that says when it was printed, how much later it was painted, in milliseconds. */
export async function clockLines(page: Page, count: number): Promise<number[]> {
  return page.evaluate(async (wanted) => {
    const seen = new Map<string, number>();
    const channel = new MessageChannel();
    const fresh: string[] = [];
    // Behind the frame in which they were drawn.
    channel.port1.onmessage = () => {
      const now = performance.timeOrigin + performance.now();
      for (const stamp of fresh.splice(0)) seen.set(stamp, now - Number(stamp) / 1e6);
    };
    const known = new Set<string>();
    const look = () => {
      for (const [, stamp] of (document.querySelector('[role="log"]')?.textContent ?? '').matchAll(/clock (\d{19})/g)) {
        if (!stamp || known.has(stamp)) continue;
        known.add(stamp);
        fresh.push(stamp);
      }
      if (fresh.length > 0) requestAnimationFrame(() => channel.port2.postMessage(undefined));
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    // Lines that came before the page stood may never be drawn, so that the end is when none comes any more.
    let last = performance.now() + 60_000;
    for (let count = 0; seen.size < wanted && performance.now() < last + 5_000; ) {
      await new Promise((done) => setTimeout(done, 200));
      if (seen.size > count) last = performance.now();
      count = seen.size;
    }
    return [...seen.entries()].sort(([one], [other]) => one.localeCompare(other)).map(([, late]) => late);
  }, count);
}
