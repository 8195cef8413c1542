import { describe, expect, it } from 'vitest';
import type { TriggerSource } from '@/api/types';
import { draftOf, objectOf, sourceOf } from './draft';

const sources: TriggerSource[] = [
  { kind: 'webhook', style: 'github' },
  { kind: 'executionFinished', packageId: 'p', on: 'any' },
  { kind: 'workQueue', queueId: 'q', minItems: 2, maxRunning: 3, minPauseMs: 1_500, itemsPerExecution: 4, maxAgeMs: 60_000 },
  { kind: 'fileArrival', poolId: 'p', folder: '/in', pattern: '*.pdf', after: 'move', pass: 'path', includeExisting: true, settleMs: 5_000, maxPerHour: 7 },
];

describe('the form of a source', () => {
  it.each(sources)('gives back what it was given: $kind', (source) => {
    expect(sourceOf(draftOf(source), source)).toEqual(source);
  });

  it('gives nothing while something is missing', () => {
    const draft = draftOf(undefined);
    expect(sourceOf({ ...draft, kind: 'executionFinished' })).toBeUndefined();
    expect(sourceOf({ ...draft, kind: 'workQueue' })).toBeUndefined();
    expect(sourceOf({ ...draft, kind: 'workQueue', queueId: 'q', minItems: 'two' })).toBeUndefined();
    expect(sourceOf({ ...draft, kind: 'fileArrival', folder: '/in' })).toBeUndefined();
    expect(sourceOf({ ...draft, kind: 'fileArrival', agentId: 'a' })).toBeUndefined();
  });

  it('leaves out what is empty', () => {
    expect(sourceOf({ ...draftOf(undefined), kind: 'workQueue', queueId: 'q' })).toEqual({ kind: 'workQueue', queueId: 'q', minItems: 1, maxRunning: 1, minPauseMs: 0 });
  });
});

describe('an object of a text', () => {
  it('is none of a list, a word or half a text', () => {
    expect(objectOf('')).toEqual({});
    expect(objectOf('{"a": 1}')).toEqual({ a: 1 });
    for (const text of ['[]', 'null', '"a"', '{']) expect(objectOf(text)).toBeUndefined();
  });
});
