import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Walk } from './walk';

/** Who did what. */
export function audit(walk: Walk): void {
  const { go, button } = walk;

  it('saves the audit as a file', async () => {
    await go('/audit');
    await button('Export').click();
    const saved = walk.page.waitForEvent('download');
    await walk.page.getByRole('menuitem', { name: 'CSV' }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toBe('audit.csv');
    const text = readFileSync(await file.path(), 'utf8');
    for (const action of ['apiKey.create', 'role.create', 'totp.confirm', 'agent.release']) expect(text).toContain(action);
  });

  it('verifies the audit', async () => {
    await go('/audit');
    await button('Verify the chain').click();
    await walk.page.getByText(/^Whole: \d+ entries verified$/).waitFor();
    await walk.page.getByRole('button', { name: 'execution.cancel' }).first().click();
    await walk.page.getByRole('dialog').getByText('ada', { exact: true }).first().waitFor();
    await walk.page.keyboard.press('Escape');
  });
}
