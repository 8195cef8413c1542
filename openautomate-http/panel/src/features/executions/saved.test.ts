import { describe, expect, it } from 'vitest';
import { parsed } from './saved';

describe('saved filters', () => {
  it('are read as they were written', () => {
    const filters = [{ name: 'bad ones', filter: { state: ['Failed', 'TimedOut'], package: 'p', agent: '', schedule: '' } }];
    expect(parsed(JSON.stringify(filters))).toEqual(filters);
  });

  it('are none of what is broken or of another shape', () => {
    for (const text of ['', '{', 'null', '{}', '[null]', '[{"name":"a"}]', '[{"name":1,"filter":{"state":[]}}]', '[{"name":"a","filter":{}}]']) expect(parsed(text)).toEqual([]);
    expect(parsed('[{"name":"a","filter":{"state":["Failed","Nonsense"],"package":7}}]')).toEqual([
      { name: 'a', filter: { state: ['Failed'], package: '', agent: '', schedule: '' } },
    ]);
  });
});
