import { describe, expect, it } from 'vitest';
import { programFor, signedOf } from './signed';

const manifest = JSON.stringify({
  format: 1,
  version: '1.4.2',
  minProtocol: 1,
  targets: {
    'x86_64-unknown-linux-gnu': { name: 'openautomate-agent', size: 10, sha256: 'aa' },
    'aarch64-unknown-linux-gnu': { name: 'openautomate-agent', size: 12, sha256: 'bb' },
  },
});
const signature = { key: 'k', signature: 's' };

describe('a signed release', () => {
  it('keeps the manifest to the byte and tells its programs', () => {
    const release = signedOf(JSON.stringify({ manifest, signature }));
    expect(release?.manifest).toBe(manifest);
    expect(release?.version).toBe('1.4.2');
    expect(release?.programs.map(({ target, size }) => [target, size])).toEqual([
      ['x86_64-unknown-linux-gnu', 10],
      ['aarch64-unknown-linux-gnu', 12],
    ]);
  });

  it('is none of anything else', () => {
    for (const text of ['', '[]', '{}', manifest, JSON.stringify({ manifest }), JSON.stringify({ manifest: '{}', signature }), JSON.stringify({ manifest, signature: {} })]) {
      expect(signedOf(text)).toBeUndefined();
    }
  });

  it('knows its files apart by their sizes, though they have one name', () => {
    const programs = signedOf(JSON.stringify({ manifest, signature }))?.programs ?? [];
    expect(programFor({ name: 'openautomate-agent', size: 12 }, programs)?.target).toBe('aarch64-unknown-linux-gnu');
    expect(programFor({ name: 'renamed', size: 10 }, programs)?.target).toBe('x86_64-unknown-linux-gnu');
    expect(programFor({ name: 'openautomate-agent', size: 11 }, programs)).toBeUndefined();
  });
});
