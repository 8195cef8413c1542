import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { changesOf, textOf, unpacked } from './archive';

const zip = (files: Record<string, string>) => unpacked(zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, strToU8(text)]))));

describe('the files of a version', () => {
  it('are in the order of paths, without folders', () => {
    expect([...zip({ 'b.py': 'b', 'a/': '', 'a/c.py': 'c' }).keys()]).toEqual(['a/c.py', 'b.py']);
  });

  it('are text, or are not', () => {
    expect(textOf(strToU8('größer\n'))).toBe('größer\n');
    expect(textOf(new Uint8Array([0x89, 0x50, 0, 1]))).toBeUndefined();
    expect(textOf(new Uint8Array([0xff, 0xfe]))).toBeUndefined();
  });

  it('tell what is new, gone and not the same', () => {
    const changes = changesOf(zip({ 'same.py': '1', 'old.py': '1', 'other.py': '1' }), zip({ 'same.py': '1', 'new.py': '1', 'other.py': '2' }));
    expect(changes.map(({ path, kind }) => [path, kind])).toEqual([
      ['new.py', 'added'],
      ['old.py', 'removed'],
      ['other.py', 'changed'],
    ]);
  });
});
