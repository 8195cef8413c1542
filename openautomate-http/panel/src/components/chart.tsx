'use client';

import {
  BarController,
  BarElement,
  CategoryScale,
  Chart as ChartJs,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
  type ChartConfiguration,
} from 'chart.js';
import { useTheme } from 'next-themes';
import { useEffect, useRef } from 'react';

ChartJs.register(BarController, BarElement, LineController, LineElement, PointElement, CategoryScale, LinearScale, Tooltip, Filler);

ChartJs.defaults.font.family = 'GeistSans, Geist, ui-sans-serif, system-ui, sans-serif';

export interface Series {
  name: string;
  values: (number | null)[];
  /** The name of a colour of the theme, as in `good`. */
  colour: string;
}

interface ChartProps {
  kind: 'bar' | 'line';
  /** What it shows, for people who do not see it. */
  label: string;
  labels: string[];
  series: Series[];
  max?: number;
  format?: (value: number) => string;
}

/** A colour of the theme as the canvas takes it. */
function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** A chart in the theme's colours; the figures stand beside it as a table for those who read by ear. */
export function Chart({ kind, label, labels, series, max, format }: ChartProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { resolvedTheme } = useTheme();
  useEffect(() => {
    if (!canvas.current) return;
    const grid = colour('border');
    const text = colour('text-soft');
    const tick = format ? (value: number | string) => format(Number(value)) : undefined;
    const config: ChartConfiguration<'bar' | 'line'> = {
      type: kind,
      data: {
        labels,
        datasets: series.map(({ name, values, colour: hue }) => ({
          label: name,
          data: values,
          backgroundColor: kind === 'bar' ? colour(hue) : colour(`${hue}-soft`),
          borderColor: colour(hue),
          borderWidth: kind === 'bar' ? 0 : 1.75,
          borderRadius: 2,
          pointRadius: 0,
          pointHitRadius: 12,
          tension: 0.25,
          fill: kind === 'line' ? 'origin' : false,
          maxBarThickness: 26,
        })),
      },
      options: {
        responsive: true,
        maintainAspectRatio: false,
        animation: false,
        interaction: { mode: 'index', intersect: false },
        plugins: { tooltip: { callbacks: format ? { label: (item) => `${item.dataset.label ?? ''}: ${format(Number(item.raw))}` } : {} } },
        scales: {
          x: { stacked: kind === 'bar', grid: { display: false }, border: { color: grid }, ticks: { color: text, maxRotation: 0, autoSkipPadding: 16 } },
          y: {
            stacked: kind === 'bar',
            beginAtZero: true,
            ...(max === undefined ? {} : { max }),
            grid: { color: grid },
            border: { display: false },
            ticks: { color: text, precision: 0, maxTicksLimit: 5, includeBounds: false, ...(tick ? { callback: tick } : {}) },
          },
        },
      },
    };
    const chart = new ChartJs(canvas.current, config);
    return () => chart.destroy();
  }, [kind, labels, series, max, format, resolvedTheme]);
  return (
    <figure className="min-w-0">
      <figcaption className="mb-2 flex flex-wrap gap-x-4 gap-y-1 text-xs text-soft">
        {series.map(({ name, colour: hue }) => (
          <span key={name} className="flex items-center gap-1.5">
            <span className="size-2.5 rounded-sm" style={{ background: `var(--${hue})` }} aria-hidden />
            {name}
          </span>
        ))}
      </figcaption>
      <div className="relative h-48">
        <canvas ref={canvas} role="img" aria-label={label} />
      </div>
      <table className="sr-only">
        <caption>{label}</caption>
        <tbody>
          {labels.map((one, index) => (
            <tr key={index}>
              <th scope="row">{one}</th>
              {series.map(({ name, values }) => (
                <td key={name}>
                  {name}: {values[index] ?? '–'}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
