'use client';

import dynamic from 'next/dynamic';
import { useQuiet } from '@/lib/quiet';

const ChartCanvas = dynamic(() => import('./chart-canvas').then((module) => module.ChartCanvas), { ssr: false, loading: () => <Coming /> });

export interface Series {
  name: string;
  values: (number | null)[];
  /** The name of a colour of the theme, as in `good`. */
  colour: string;
}

export interface ChartProps {
  kind: 'bar' | 'line';
  /** What it shows, for people who do not see it. */
  label: string;
  labels: string[];
  series: Series[];
  max?: number;
  format?: (value: number) => string;
}

/** A chart in the theme's colours; the figures stand beside it as a table for those who read by ear. */
export function Chart(props: ChartProps) {
  const { label, labels, series } = props;
  // The picture is heavy, and what is around it says enough until it is there.
  const quiet = useQuiet();
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
      <div className="relative h-48">{quiet ? <ChartCanvas {...props} /> : <Coming />}</div>
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

/** Where the picture will be. */
function Coming() {
  return <div data-coming className="absolute inset-0" />;
}
