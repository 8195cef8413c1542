import { expect, it } from 'vitest';
import { type Walk } from './walk';

/** A server that goes and comes back. */
export function line(walk: Walk): void {
  const { place, go } = walk;

  it('has said nothing of errors so far', () => {
    // The first look for a session, before anybody signed in.
    expect(walk.main.wrong.filter((line) => !line.includes('/api/auth/refresh') && !/status of 4(00|09|22)/.test(line))).toEqual([]);
  });

  it('says that the line is lost, and catches up when it is back', async () => {
    await go('/executions');
    await place.killServer();
    await walk.page.getByText(/connection to the server is lost/).waitFor({ timeout: 20_000 });
    await place.startServer();
    await walk.page.getByText(/connection to the server is lost/).waitFor({ state: 'hidden', timeout: 40_000 });
    await walk.page.getByRole('row').nth(1).waitFor();
    walk.main.wrong.length = 0;
  });
}
