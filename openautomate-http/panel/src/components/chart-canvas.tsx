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
import type { ChartProps } from './chart';

ChartJs.register(BarController, BarElement, LineController, LineElement, PointElement, CategoryScale, LinearScale, Tooltip, Filler);

ChartJs.defaults.font.family = 'GeistSans, Geist, ui-sans-serif, system-ui, sans-serif';

/** A colour of the theme as the canvas takes it. */
function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The picture of a chart; loaded when the figures around it stand. */
export function ChartCanvas({ kind, label, labels, series, max, format }: ChartProps) {
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
  return <canvas ref={canvas} role="img" aria-label={label} />;
}
