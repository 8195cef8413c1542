import { describe, expect, it } from 'vitest';
import { linesOf } from './difference';

describe('the difference of two values', () => {
  it('goes down into objects and keeps lists whole', () => {
    expect(linesOf({ a: 1, b: { c: 'x', d: [1] } }, { a: 1, b: { c: 'y', d: [1, 2] }, e: null })).toEqual([
      { path: 'a', first: '1', second: '1', differs: false },
      { path: 'b.c', first: 'x', second: 'y', differs: true },
      { path: 'b.d', first: '[1]', second: '[1,2]', differs: true },
      { path: 'e', first: '–', second: 'null', differs: true },
    ]);
  });

  it('is nothing of nothing', () => {
    expect(linesOf(undefined, undefined)).toEqual([]);
    expect(linesOf({}, {})).toEqual([]);
  });
});
