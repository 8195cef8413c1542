/** What was measured, as a table and as JSON. */

interface Figure {
  what: string;
  of: string;
  unit: string;
  values: Record<string, number>;
  /** Which of the values has a target, and how much it may be. */
  judged: string;
  target: number;
  met: boolean;
}

const at = (values: number[], part: number) => {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
};

export const p50 = (values: number[]): number => at(values, 0.5);
export const p95 = (values: number[]): number => at(values, 0.95);

const round = (value: number) => Math.round(value * 10) / 10;

export class Report {
  private readonly figures: Figure[] = [];
  private readonly notes: Record<string, number> = {};

  /** Something that was so while it was measured. */
  note(name: string, value: number): void {
    this.notes[name] = value;
  }

  add(what: string, of: string, unit: string, values: Record<string, number>, judged: string, target: number): void {
    const rounded = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, round(value)]));
    this.figures.push({ what, of, unit, values: rounded, judged, target, met: (values[judged] ?? Number.NaN) <= target });
    // At once too, for whoever waits.
    console.log(`${what}, ${of}: ${JSON.stringify(rounded)} ${unit}`);
  }

  /** What is above its target. */
  missed(): string[] {
    return this.figures.filter(({ met }) => !met).map(({ what, of, values, judged, unit, target }) => `${what}, ${of}: ${judged} ${values[judged]} ${unit}, at most ${target}`);
  }

  json(): string {
    return JSON.stringify({ with: this.notes, figures: this.figures }, null, 2);
  }

  print(): void {
    const lines = this.figures.map(({ what, of, unit, values, judged, target, met }) => [
      what,
      of,
      Object.entries(values).map(([name, value]) => `${name} ${value}`).join('  '),
      unit,
      `${judged} at most ${target}`,
      met ? 'met' : 'MISSED',
    ]);
    const widths = [0, 1, 2, 3, 4].map((column) => Math.max(0, ...lines.map((line) => line[column]?.length ?? 0)));
    const text = lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
    console.log(['', ...Object.entries(this.notes).map(([name, value]) => `${name}: ${value}`), '', ...text, '', this.json(), ''].join('\n'));
  }
}
