import type { ExecutionSummary } from '@/api/types';

/** Executions as bars over time, a lane of them for each that ran at once. */

export interface Bar {
  one: ExecutionSummary;
  /** From 0 to 1, of the time that is shown. */
  start: number;
  length: number;
  ms: number;
}

export interface Lanes {
  from: number;
  to: number;
  agents: { id: string; lanes: Bar[][] }[];
}

/** Bars by agent; those of an agent that overlap stand in lanes of their own. Nothing if none has started. */
export function lanesOf(rows: ExecutionSummary[], now: number): Lanes | undefined {
  const started = rows
    .filter((one) => one.startTime)
    .map((one) => {
      const begin = Date.parse(one.startTime ?? '');
      return { one, begin, end: Math.max(begin, one.endTime ? Date.parse(one.endTime) : now) };
    })
    .sort((a, b) => a.begin - b.begin);
  const [first] = started;
  if (!first) return undefined;
  const from = first.begin;
  const to = Math.max(...started.map(({ end }) => end), from + 1_000);
  const span = to - from;
  const agents = new Map<string, { bar: Bar; end: number }[][]>();
  for (const { one, begin, end } of started) {
    const id = one.botAgentId ?? '';
    const lanes = agents.get(id) ?? [];
    agents.set(id, lanes);
    const free = lanes.find((lane) => (lane.at(-1)?.end ?? 0) <= begin);
    const placed = { bar: { one, start: (begin - from) / span, length: (end - begin) / span, ms: end - begin }, end };
    if (free) free.push(placed);
    else lanes.push([placed]);
  }
  return { from, to, agents: [...agents].map(([id, lanes]) => ({ id, lanes: lanes.map((lane) => lane.map(({ bar }) => bar)) })) };
}
