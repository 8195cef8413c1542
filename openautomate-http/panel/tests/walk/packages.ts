import { expect, it } from 'vitest';
import { type Walk } from './walk';

/** A version on its way to production. */
export function promoting(walk: Walk): void {
  const { go, button } = walk;

  it('promotes a version to the next environment', async () => {
    await go('/packages');
    await walk.page.getByRole('link', { name: 'Hello' }).click();
    await button('Actions for version 1.0.0').click();
    await walk.page.getByRole('menuitem', { name: 'development' }).click();
    await button('Promote to testing').click();
    await walk.page.getByRole('dialog').getByRole('button', { name: 'Promote' }).click();
    await walk.page.getByRole('cell', { name: /development.*testing|testing.*development/ }).waitFor();
  });
}

/** What is in a version, and what another changed. */
export function versions(walk: Walk): void {
  const { place, go, button, heading, shot } = walk;

  it('puts two versions side by side', async () => {
    await go('/packages');
    await walk.page.getByRole('link', { name: 'Hello' }).click();
    await heading('Hello').waitFor();
    await button('New version').click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.locator('input[type=file]').setInputFiles(place.pack('hello', '1.1.0'));
    await dialog.getByRole('button', { name: 'Publish' }).click();
    await button('Actions for version 1.1.0').click();
    await walk.page.getByRole('menuitem', { name: 'Compare' }).click();
    await dialog.getByRole('table').waitFor();
    const changed = dialog.locator('summary', { hasText: 'pyproject.toml' });
    await changed.click();
    await dialog.getByText('+version = "1.1.0"').waitFor();
    await shot('dialog-versions');
    await walk.page.keyboard.press('Escape');
  });

  it('looks into the files of a version', async () => {
    await button('Actions for version 1.1.0').click();
    await walk.page.getByRole('menuitem', { name: 'Files' }).click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByText('hello.py').click();
    await dialog.getByText('def run(name: str').waitFor();
    await shot('dialog-files');
    const saved = walk.page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Download' }).click();
    expect((await saved).suggestedFilename()).toBe('1.1.0.zip');
    await walk.page.keyboard.press('Escape');
  });
}
