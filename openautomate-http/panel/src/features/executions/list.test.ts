import { describe, expect, it } from 'vitest';
import type { ExecutionSummary } from '@/api/types';
import { patchedOne, withTop } from './list';

const one = (id: string, state: ExecutionSummary['state'] = 'Pending') => ({ id, state, status: state }) as ExecutionSummary;
const loaded = (...pages: string[][]) => ({
  pages: pages.map((ids) => ({ items: ids.map((id) => one(id)), next: 'more' })),
  pageParams: pages.map(() => undefined),
});
const ids = (data: ReturnType<typeof withTop>) => data.pages.map((page) => page.items.map(({ id }) => id));

describe('windows of executions', () => {
  it('get what is new in front and keep what is older', () => {
    const top = { items: [one('7'), one('6', 'Running'), one('5')], next: 'more' };
    const merged = withTop(loaded(['6', '5', '4'], ['3', '2']), top);
    expect(ids(merged)).toEqual([['7', '6', '5', '4'], ['3', '2']]);
    expect(merged.pages[0]?.items[1]?.state).toBe('Running');
  });

  it('lose what the filter does not match any more', () => {
    const merged = withTop(loaded(['6', '5', '4'], ['3']), { items: [one('6'), one('4')], next: 'more' });
    expect(ids(merged)).toEqual([['6', '4'], ['3']]);
  });

  it('begin anew where they would no longer meet', () => {
    const top = { items: [one('9'), one('8')], next: 'more' };
    expect(ids(withTop(loaded(['3', '2'], ['1']), top))).toEqual([['9', '8']]);
  });

  it('take over what was said of an execution', () => {
    const progress = { fraction: 0.5, message: 'half' };
    expect(patchedOne(one('1'), { id: '1', state: 'Running', progress })).toMatchObject({ state: 'Running', status: 'Running', progress });
    expect(patchedOne(one('1', 'Running'), { id: '1' }).state).toBe('Running');
  });
});
