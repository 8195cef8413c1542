import { useEffect, useRef, useSyncExternalStore } from 'react';
import type { ExecutionState, LogLine, Progress } from '@/api/types';
import { got, api } from './api';
import { session } from './session';

/** One connection for everything that changes; it comes back by itself and says what may have been missed. */

export type Topic = 'executions' | 'agents' | 'packages' | 'schedules' | 'triggers' | 'approvals' | 'queues';

export interface Change {
  id: string;
  state?: ExecutionState;
  progress?: Progress;
}

export type LineState = 'connecting' | 'open' | 'lost';

export interface LogEvents {
  lines: (lines: LogLine[]) => void;
  complete: () => void;
  refused: (detail: string) => void;
}

type Said =
  | { type: 'subscribed'; id: number }
  | { type: 'refused'; id: number; code: string; detail: string }
  | { type: 'changed'; id: number; items: Change[]; missed: boolean }
  | { type: 'lines'; id: number; lines: LogLine[] }
  | { type: 'complete'; id: number };

interface Log {
  executionId: string;
  after: string | undefined;
  events: LogEvents;
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** A connection that lived this long was a good one. */
const GOOD = 5_000;

export class LiveHub {
  private socket: WebSocket | undefined;
  private state: LineState = 'connecting';
  private wait = FIRST_WAIT;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wanted = false;
  private openedAt = 0;
  private nextId = 1;
  private readonly topics = new Map<Topic, { id: number; hear: Set<(items: Change[], missed: boolean) => void> }>();
  private readonly logs = new Map<number, Log>();
  private readonly listeners = new Set<() => void>();

  /** Keeps the connection open until `stop`. */
  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    window.addEventListener('online', this.hurry);
    document.addEventListener('visibilitychange', this.hurry);
    void this.connect();
  }

  stop(): void {
    this.wanted = false;
    window.removeEventListener('online', this.hurry);
    document.removeEventListener('visibilitychange', this.hurry);
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = undefined;
    this.set('connecting');
  }

  /** Hears what changes of a kind. Gives what ends it. */
  subscribe(topic: Topic, hear: (items: Change[], missed: boolean) => void): () => void {
    let known = this.topics.get(topic);
    if (!known) {
      known = { id: this.nextId++, hear: new Set() };
      this.topics.set(topic, known);
      this.say({ op: 'subscribe', id: known.id, topic });
    }
    known.hear.add(hear);
    const { id, hear: ears } = known;
    return () => {
      ears.delete(hear);
      if (ears.size > 0) return;
      this.topics.delete(topic);
      this.say({ op: 'unsubscribe', id });
    };
  }

  /** Follows a log from its first line, or from after a position. Gives what ends it. */
  follow(executionId: string, after: string | undefined, events: LogEvents): () => void {
    const id = this.nextId++;
    const log = { executionId, after, events };
    this.logs.set(id, log);
    this.askFor(id, log);
    return () => {
      if (this.logs.delete(id)) this.say({ op: 'unsubscribe', id });
    };
  }

  readonly watch = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly line = (): LineState => this.state;

  private set(state: LineState): void {
    if (state === this.state) return;
    this.state = state;
    this.listeners.forEach((listener) => listener());
  }

  private readonly hurry = (): void => {
    if (document.visibilityState === 'hidden' || this.socket || !this.wanted) return;
    clearTimeout(this.timer);
    this.wait = FIRST_WAIT;
    void this.connect();
  };

  private async connect(): Promise<void> {
    let ticket: string;
    try {
      ticket = (await got(api.POST('/api/live/tickets', {}))).ticket;
    } catch {
      if (session().status === 'in') this.retry();
      return;
    }
    if (!this.wanted || this.socket) return;
    const address = new URL('/api/live', location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address, ['openautomate-live', `ticket.${ticket}`]);
    this.socket = socket;
    socket.onopen = () => this.opened();
    socket.onmessage = (event) => this.heard(JSON.parse(String(event.data)) as Said);
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      if (Date.now() - this.openedAt > GOOD) this.wait = FIRST_WAIT;
      this.retry();
    };
  }

  private opened(): void {
    this.openedAt = Date.now();
    this.set('open');
    for (const [topic, { id }] of this.topics) {
      this.say({ op: 'subscribe', id, topic });
    }
    for (const [id, log] of this.logs) this.askFor(id, log);
  }

  private retry(): void {
    if (!this.wanted) return;
    this.set('lost');
    clearTimeout(this.timer);
    // Not all panels at once when a server comes back.
    this.timer = setTimeout(() => void this.connect(), this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  private heard(said: Said): void {
    if (said.type === 'changed') {
      for (const { id, hear } of this.topics.values()) {
        if (id === said.id) hear.forEach((ear) => ear(said.items, said.missed));
      }
      return;
    }
    if (said.type === 'subscribed') {
      // What was read before may be older than what is heard from now on: it is read again, silently.
      for (const { id, hear } of this.topics.values()) {
        if (id === said.id) hear.forEach((ear) => ear([], true));
      }
      return;
    }
    const log = this.logs.get(said.id);
    if (!log) return;
    if (said.type === 'lines') {
      const last = said.lines.at(-1);
      if (last) log.after = `${last.attempt}.${last.seq}`;
      log.events.lines(said.lines);
    } else if (said.type === 'complete') {
      this.logs.delete(said.id);
      log.events.complete();
    } else if (said.type === 'refused') {
      this.logs.delete(said.id);
      log.events.refused(said.detail);
    }
  }

  private askFor(id: number, { executionId, after }: Log): void {
    this.say({ op: 'subscribe', id, topic: 'log', executionId, ...(after ? { after } : {}) });
  }

  private say(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }
}

export const live = new LiveHub();

/** How the connection is. */
export function useLine(): LineState {
  return useSyncExternalStore(live.watch, live.line, () => 'connecting');
}

/** Hears what changes of a kind while the component is there. */
export function useChanges(topic: Topic, hear: (items: Change[], missed: boolean) => void): void {
  const latest = useRef(hear);
  useEffect(() => {
    latest.current = hear;
  });
  useEffect(() => live.subscribe(topic, (items, missed) => latest.current(items, missed)), [topic]);
}
