import { expect, it } from 'vitest';
import { settled, watched } from '../browser';
import { PASSWORD, type Walk } from './walk';

/** Who is let in. */
export function guests(walk: Walk): void {
  const { place, go, button, shot } = walk;

  it('invites a Viewer, who looks at everything and changes nothing', async () => {
    await go('/users');
    await button('Invite somebody').click();
    await walk.page.getByLabel('Email').fill('vic@example.org');
    await button('Create the link').click();
    const link = await walk.page.getByTestId('invitation').innerText();
    const guest = await watched(walk.browser);
    await guest.page.goto(link);
    expect(await guest.page.getByLabel('Email', { exact: true }).inputValue()).toBe('vic@example.org');
    await guest.page.getByLabel('User name').fill('vic');
    await guest.page.getByLabel('Password').fill(PASSWORD);
    await guest.page.getByRole('button', { name: 'Create account' }).click();
    await guest.page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
    const changing = /^(Run|New|Add|Invite|Cancel|Drain|Delete|Edit|Promote|Roll|Stop|Make|Create|Pause|Resume|Import|Upload)/;
    for (const [path, name] of [
      ['/executions', 'Executions'],
      ['/packages', 'Automation Packages'],
      ['/schedules', 'Schedules'],
      ['/agents', 'Bot Agents'],
      ['/agents/updates', 'Agent updates'],
      ['/triggers', 'Triggers'],
      ['/queues', 'Work Queues'],
      ['/buckets', 'Buckets'],
      ['/settings', 'Settings'],
    ] as const) {
      await guest.page.goto(place.url + path);
      await guest.page.getByRole('heading', { level: 1, name }).waitFor();
      await settled(guest.page);
      // Keys are everybody's own.
      const changes = await guest.page.getByRole('button', { name: changing }).allInnerTexts();
      expect(changes.filter((name) => name.trim() !== 'New key'), path).toEqual([]);
      for (const toggle of await guest.page.getByRole('switch').all()) expect(await toggle.isDisabled(), path).toBe(true);
    }
    await guest.page.goto(`${place.url}/packages`);
    await guest.page.getByRole('link', { name: 'Hello' }).click();
    await guest.page.getByRole('heading', { level: 1, name: 'Hello' }).waitFor();
    expect(await guest.page.getByRole('button', { name: changing }).allInnerTexts()).toEqual([]);
    expect(await guest.page.getByRole('navigation').getByRole('link', { name: /Users|Audit|Assets/ }).count()).toBe(0);
    // Whatever the page shows, the server decides.
    const status = await guest.page.evaluate(async () => {
      const session = (await (await fetch('/api/auth/refresh', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).json()) as { accessToken: string };
      const answer = await fetch('/api/packages', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${session.accessToken}` },
        body: JSON.stringify({ name: 'mine' }),
      });
      return answer.status;
    });
    expect(status).toBe(403);
    await guest.context.close();
  });

  it('invites somebody, and takes it back', async () => {
    await go('/users');
    await button('Invite somebody').click();
    await walk.page.getByLabel('Email').fill('mia@example.org');
    await button('Create the link').click();
    await button('Done').click();
    const open = walk.page.getByRole('table', { name: 'Open invitations' });
    await open.getByText('mia@example.org').waitFor();
    await shot('invitations');
    await button('Withdraw the invitation of mia@example.org').click();
    await walk.page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click();
    await walk.page.getByText('The invitation is withdrawn').waitFor();
    await open.waitFor({ state: 'hidden' });
  });
}

/** What people may. */
export function roles(walk: Walk): void {
  const { place, go, button, look, ask } = walk;

  it('makes a role and gives it to somebody, who may more from then on; it stays while they have it', async () => {
    await go('/users');
    await button('New role').click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByLabel('Name').first().fill('Night shift');
    await dialog.getByLabel('What it is for').fill('Ends what hangs, at night.');
    await dialog.getByRole('checkbox', { name: 'see agents' }).check();
    await look('dialog-role');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await walk.page.getByRole('button', { name: 'Night shift', exact: true }).waitFor();
    await button('Actions for the role Night shift').click();
    await walk.page.getByRole('menuitem', { name: 'Edit' }).click();
    await dialog.getByRole('checkbox', { name: 'cancel executions' }).check();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await button('Actions for vic').click();
    await walk.page.getByRole('menuitem', { name: 'Change roles' }).click();
    await dialog.getByRole('checkbox', { name: /^Night shift Ends/ }).check();
    await look('dialog-person');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await walk.page.getByRole('row', { name: /vic@example.org/ }).getByText('Night shift').waitFor();
    await button('Actions for the role Night shift').click();
    await walk.page.getByRole('menuitem', { name: 'Delete' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await walk.page.getByText(/^these have the role: vic; take it from them first$/).waitFor();
    const answer = await fetch(`${place.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'vic', password: PASSWORD }),
    });
    const { accessToken } = (await answer.json()) as { accessToken: string };
    const { permissions } = (await (await ask('/api/auth/me', accessToken)).json()) as { permissions: string[] };
    expect(permissions).toContain('CancelExecutions');
    expect(permissions).not.toContain('RunExecutions');
    await walk.page.getByRole('button', { name: 'Operator', exact: true }).click();
    await dialog.getByText('It is built in').waitFor();
    expect(await dialog.getByRole('checkbox', { name: 'cancel executions' }).isDisabled()).toBe(true);
    await walk.page.keyboard.press('Escape');
  });
}
