import { it } from 'vitest';
import { type Walk } from './walk';

/** Work that waits, and what makes it begin. */
export function queues(walk: Walk): void {
  const { go, button, heading, shot } = walk;

  it('makes a queue, fills it and says which lines are no items', async () => {
    await go('/queues');
    await button('New queue').click();
    const dialog = walk.page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('invoices');
    await dialog.getByLabel('JSON Schema').fill('{"type": "object", "required": ["total"]}');
    await shot('dialog-queue');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await heading('invoices').waitFor();
    await button('Import').click();
    await dialog.locator('input[type=file]').setInputFiles({ name: 'items.jsonl', mimeType: 'application/x-ndjson', buffer: Buffer.from('{"payload": {"total": 7}, "reference": "A-1"}\n{"payload": {}}\n') });
    await dialog.getByRole('button', { name: 'Import' }).click();
    await dialog.getByText('Line 2').waitFor();
    await shot('dialog-import');
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await walk.page.getByText('A-1', { exact: true }).waitFor();
    await button('Add an item').click();
    await dialog.getByLabel('Reference').fill('B-2');
    await dialog.getByLabel('Payload').fill('{"total": 1}');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await walk.page.getByText('B-2', { exact: true }).waitFor();
  });

  it('makes triggers and says why they do not fire', async () => {
    await go('/triggers');
    const dialog = walk.page.getByRole('dialog');
    await button('New trigger').click();
    await dialog.getByLabel('Name').fill('Called from outside');
    await dialog.getByLabel('Package').selectOption({ label: 'Hello' });
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByText('The secret of the webhook').waitFor();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await button('New trigger').click();
    await dialog.getByLabel('Name').fill('Many invoices');
    await dialog.getByLabel('Package').selectOption({ label: 'Hello' });
    await dialog.getByLabel('When').selectOption({ label: 'A queue has items' });
    await dialog.getByLabel('Queue').selectOption({ label: 'invoices' });
    await dialog.getByLabel('Fire from this many items').fill('50');
    await shot('dialog-trigger');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await button('Explain Many invoices').click();
    await dialog.getByText(/can be taken now/).waitFor();
    await shot('dialog-explain');
    await walk.page.keyboard.press('Escape');
  });
}
