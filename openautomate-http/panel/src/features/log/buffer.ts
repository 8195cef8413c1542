import type { LogLevel, LogLine } from '@/api/types';

/** The lines of a log as they come; told once a frame, however many came. */

/** More are not held; the download has the whole. */
export const MOST_LINES = 250_000;

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warning: 2, error: 3, critical: 4 };

export interface View {
  lines: LogLine[];
  /** Places in `lines` of those that are shown. */
  shown: number[];
  /** The place of the first error among those that are shown; -1 if there is none. */
  firstError: number;
  /** How many were left out at the beginning. */
  dropped: number;
  complete: boolean;
  refused: string | undefined;
}

export class LogBuffer {
  private readonly lines: LogLine[] = [];
  private shown: number[] = [];
  private firstError = -1;
  private dropped = 0;
  private complete = false;
  private refusal: string | undefined;
  private least = 0;
  private view: View = { lines: this.lines, shown: [], firstError: -1, dropped: 0, complete: false, refused: undefined };
  private frame = 0;
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly read = (): View => this.view;

  add(lines: LogLine[]): void {
    for (const line of lines) {
      this.show(line, this.lines.length);
      this.lines.push(line);
    }
    if (this.lines.length > MOST_LINES + 10_000) {
      this.dropped += this.lines.length - MOST_LINES;
      this.lines.splice(0, this.lines.length - MOST_LINES);
      this.sift();
    }
    this.tell();
  }

  end(): void {
    this.complete = true;
    this.tell();
  }

  refuse(detail: string): void {
    this.refusal = detail;
    this.tell();
  }

  /** Shows lines of this level and above. */
  setLevel(level: LogLevel): void {
    this.least = RANK[level];
    this.sift();
    this.tell();
  }

  /** Everything as text. */
  text(): string {
    return this.lines.map((line) => `${line.time} ${line.level.toUpperCase()} ${line.text}\n`).join('');
  }

  private sift(): void {
    this.shown = [];
    this.firstError = -1;
    for (const [index, line] of this.lines.entries()) this.show(line, index);
  }

  private show(line: LogLine, index: number): void {
    const rank = RANK[line.level];
    if (rank < this.least) return;
    if (this.firstError < 0 && rank >= RANK.error) this.firstError = this.shown.length;
    this.shown.push(index);
  }

  private tell(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const { lines, shown, firstError, dropped, complete, refusal } = this;
      this.view = { lines, shown, firstError, dropped, complete, refused: refusal };
      this.listeners.forEach((listener) => listener());
    });
  }
}

/** The places among the shown lines that hold a text, whatever its case. */
export function found({ lines, shown }: View, text: string): number[] {
  const wanted = text.toLowerCase();
  if (!wanted) return [];
  const places: number[] = [];
  for (const [place, index] of shown.entries()) {
    if (lines[index]?.text.toLowerCase().includes(wanted)) places.push(place);
  }
  return places;
}
