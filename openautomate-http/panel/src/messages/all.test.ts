import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = join(import.meta.dirname, '..');

describe('the texts of the screens', () => {
  it('are brought by whoever shows them', () => {
    const missing: string[] = [];
    let asked = 0;
    for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
      if (!/\.tsx?$/.test(name) || name.startsWith('messages')) continue;
      const text = readFileSync(join(source, name), 'utf8');
      for (const [, space] of text.matchAll(/useTranslations\('([a-zA-Z]+)/g)) {
        asked += 1;
        if (!text.includes(`import '@/messages/${space}';`)) missing.push(`${name} does not import @/messages/${space}`);
      }
    }
    expect(asked).toBeGreaterThan(100);
    expect(missing).toEqual([]);
  });
});
