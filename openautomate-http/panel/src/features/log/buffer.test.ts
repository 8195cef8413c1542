import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogLevel, LogLine } from '@/api/types';
import { LogBuffer, found } from './buffer';

const line = (seq: number, text: string, level: LogLevel = 'info'): LogLine => ({
  attempt: 1,
  seq,
  text,
  level,
  stream: 'stdout',
  time: '2026-11-29T10:00:00Z',
});

describe('a log', () => {
  let frames: (() => void)[];
  beforeEach(() => {
    frames = [];
    vi.stubGlobal('requestAnimationFrame', (frame: () => void) => frames.push(frame));
  });
  const settle = () => frames.splice(0).forEach((frame) => frame());

  it('is told once a frame', () => {
    const buffer = new LogBuffer();
    let told = 0;
    buffer.subscribe(() => (told += 1));
    buffer.add([line(1, 'one')]);
    buffer.add([line(2, 'two'), line(3, 'three')]);
    expect(frames).toHaveLength(1);
    settle();
    expect([told, buffer.read().shown.length]).toEqual([1, 3]);
  });

  it('shows the levels that are wanted, those that come later too', () => {
    const buffer = new LogBuffer();
    buffer.add([line(1, 'a'), line(2, 'b', 'warning'), line(3, 'c', 'error')]);
    buffer.setLevel('warning');
    buffer.add([line(4, 'd', 'debug'), line(5, 'e', 'critical')]);
    settle();
    const view = buffer.read();
    expect(view.shown.map((index) => view.lines[index]?.text)).toEqual(['b', 'c', 'e']);
    expect(view.firstError).toBe(1);
    buffer.setLevel('debug');
    settle();
    expect(buffer.read().firstError).toBe(2);
  });

  it('is searched in what is shown', () => {
    const buffer = new LogBuffer();
    buffer.add([line(1, 'Reading invoice'), line(2, 'nothing'), line(3, 'INVOICE 7')]);
    settle();
    expect(found(buffer.read(), 'invoice')).toEqual([0, 2]);
    expect(found(buffer.read(), '')).toEqual([]);
  });
});
