import { it } from 'vitest';
import { type Walk } from './walk';

/** Going anywhere by the keyboard. */
export function finding(walk: Walk): void {
  const { go, heading } = walk;

  it('opens anything by the palette and tells the shortcuts', async () => {
    await go('/');
    await walk.page.keyboard.press('Control+k');
    await walk.page.getByRole('combobox').waitFor();
    await walk.page.keyboard.type('robot');
    await walk.page.getByRole('option', { name: 'robot-1' }).waitFor();
    await walk.page.keyboard.press('Enter');
    await heading('robot-1').waitFor();
    await walk.page.keyboard.press('g');
    await walk.page.keyboard.press('e');
    await heading('Executions').waitFor();
    await walk.page.keyboard.press('?');
    await walk.page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await walk.page.keyboard.press('Escape');
  });
}

/** Executions among many. */
export function comparing(walk: Walk): void {
  const { go, button, heading } = walk;

  it('keeps a filter, shows a timeline and compares two runs', async () => {
    await go('/executions?state=Succeeded');
    await button('Saved filters').click();
    await walk.page.getByRole('menuitem', { name: 'Save this filter' }).click();
    await walk.page.getByRole('dialog').getByLabel('Name').fill('good ones');
    await walk.page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await go('/executions');
    await button('Saved filters').click();
    await walk.page.getByRole('menuitem', { name: 'good ones', exact: true }).click();
    await walk.page.waitForURL('**state=Succeeded**');
    await button('Timeline').click();
    await walk.page.getByRole('link', { name: /Hello, Succeeded, from/ }).first().waitFor();
    await button('List').click();
    for (const index of [1, 2]) await walk.page.getByRole('checkbox').nth(index).check();
    await button('Compare').click();
    await heading('Compare two executions').waitFor();
    await walk.page.getByRole('table', { name: 'Run' }).waitFor();
    walk.comparison = new URL(walk.page.url()).pathname + new URL(walk.page.url()).search;
  });
}
