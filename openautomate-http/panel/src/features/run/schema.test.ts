import { describe, expect, it } from 'vitest';
import { draftOf, inputsOf, valuesOf, type Schema } from './schema';

const schema: Schema = {
  type: 'object',
  required: ['folder', 'count', 'mode', 'tags'],
  'x-order': ['folder', 'count', 'mode', 'tags', 'note', 'dry'],
  properties: {
    count: { type: 'integer', minimum: 1, description: 'How many.' },
    folder: { type: 'string' },
    mode: { enum: ['fast', 'careful'], 'x-enum-names': ['Fast', 'Careful'] },
    tags: { type: 'array', items: { type: 'string' } },
    note: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null },
    dry: { type: 'boolean', default: true },
  },
};

describe('inputs of a schema', () => {
  const inputs = inputsOf(schema);

  it('come in their order with what they are', () => {
    expect(inputs.map(({ name, kind, required }) => [name, kind, required])).toEqual([
      ['folder', 'text', true],
      ['count', 'integer', true],
      ['mode', 'choice', true],
      ['tags', 'json', true],
      ['note', 'text', false],
      ['dry', 'boolean', false],
    ]);
  });

  it('begin with what is given or the default', () => {
    expect(draftOf(inputs, { count: 3, mode: 'careful', tags: ['a'] })).toEqual({
      folder: '',
      count: '3',
      mode: '1',
      tags: '[\n  "a"\n]',
      note: '',
      dry: 'true',
    });
  });

  it('become values of their types', () => {
    const { values, wrong } = valuesOf(inputs, { folder: '/in', count: '3', mode: '0', tags: '["x"]', note: '', dry: 'false' });
    expect(wrong).toEqual({});
    expect(values).toEqual({ folder: '/in', count: 3, mode: 'fast', tags: ['x'], dry: false });
  });

  it('say what is wrong with each', () => {
    const { wrong } = valuesOf(inputs, { folder: '', count: '1.5', mode: '', tags: '[', note: 'n', dry: 'true' });
    expect(wrong).toEqual({ count: 'integer', mode: 'missing', tags: 'json' });
  });

  it('are none without a schema', () => {
    expect(inputsOf(null)).toEqual([]);
  });
});
