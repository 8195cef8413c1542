import { it } from 'vitest';
import { type Walk } from './walk';

/** An environment that rests. */
export function environments(walk: Walk): void {
  const { go, button, shot } = walk;

  it('pauses an environment and lets it go on', async () => {
    await go('/settings');
    await button('Pause testing').click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('the ERP is being moved');
    await shot('dialog-pause');
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await walk.page.getByText('Paused: the ERP is being moved').waitFor();
    await button('Resume testing').click();
    await walk.page.getByText('Paused: the ERP is being moved').waitFor({ state: 'hidden' });
  });
}
