import type { ReactNode } from 'react';

/** Names and values, in columns where there is room. */
export function Facts({ items }: { items: [ReactNode, ReactNode][] }) {
  return (
    <dl className="grid grid-cols-[repeat(auto-fill,minmax(min(8.5rem,40%),1fr))] gap-x-6 gap-y-3">
      {items.map(([name, value], index) => (
        <div key={index} className="min-w-0">
          <dt className="text-xs text-soft">{name}</dt>
          <dd className="mt-0.5 min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
