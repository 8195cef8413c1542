import { expect, it } from 'vitest';
import { type Walk } from './walk';

/** Files of automations. */
export function files(walk: Walk): void {
  const { go, button, heading } = walk;

  it('keeps files in a bucket', async () => {
    await go('/buckets');
    await button('New bucket').click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('reports');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await heading('reports').waitFor();
    await walk.page.locator('input[type=file]').setInputFiles([
      { name: 'november.csv', mimeType: 'text/csv', buffer: Buffer.from('day,total\n1,7\n') },
      { name: 'old.txt', mimeType: 'text/plain', buffer: Buffer.from('old') },
    ]);
    await walk.page.getByText('november.csv', { exact: true }).waitFor();
    const saved = walk.page.waitForEvent('download');
    await button('Download november.csv').click();
    expect((await saved).suggestedFilename()).toBe('november.csv');
    await button('Delete old.txt').click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await walk.page.getByText('old.txt', { exact: true }).waitFor({ state: 'hidden' });
    await walk.page.evaluate(() => {
      const files = new DataTransfer();
      files.items.add(new File(['dropped'], 'dropped.txt', { type: 'text/plain' }));
      document.querySelector('h1')?.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: files }));
    });
    await walk.page.getByText('dropped.txt', { exact: true }).waitFor();
  });
}

/** What automations need and nobody reads again. */
export function secrets(walk: Walk): void {
  const { go, button, shot } = walk;

  it('keeps a secret that nobody reads again', async () => {
    await go('/assets');
    await button('New asset').click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByLabel('Name').first().fill('erp-password');
    await dialog.getByLabel('Value').fill('hunter2-hunter2');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await walk.page.getByText('erp-password').waitFor();
    await button('Edit erp-password').click();
    expect(await dialog.getByLabel('Value').inputValue()).toBe('');
    expect(await walk.page.content()).not.toContain('hunter2');
    await walk.page.keyboard.press('Escape');
  });

  it('keeps a file that nobody reads again', async () => {
    await go('/assets');
    await button('New asset').click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByLabel('Name').first().fill('erp-certificate');
    await dialog.getByLabel('Format').selectOption({ label: 'File' });
    expect(await dialog.getByLabel('Kind').isDisabled()).toBe(true);
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    const certificate = { name: 'client.p12', mimeType: 'application/x-pkcs12', buffer: Buffer.from('hunter3-hunter3') };
    await dialog.locator('input[type=file]').setInputFiles({ ...certificate, buffer: Buffer.alloc(10 * 1024 * 1024 + 1) });
    await dialog.getByText('Is larger than 10 MiB.').waitFor();
    await dialog.locator('input[type=file]').setInputFiles(certificate);
    await dialog.getByText('client.p12').waitFor();
    await shot('dialog-asset-file');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await walk.page.getByRole('cell', { name: /client\.p12/ }).waitFor();
    await button('Edit erp-certificate').click();
    await dialog.getByText('Now client.p12, 15 B.').waitFor();
    await walk.page.keyboard.press('Escape');
  });
}
