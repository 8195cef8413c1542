import type { ReactNode } from 'react';
import { cn } from '@/lib/cn';

/** A plain table for short lists; on a phone what matters less is left out by the columns' own classes. */

export interface Column<T> {
  id: string;
  header: ReactNode;
  cell: (row: T) => ReactNode;
  className?: string;
}

interface TableProps<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
}

export function Table<T>({ label, columns, rows, rowKey }: TableProps<T>) {
  return (
    <div className="overflow-x-auto" role="region" aria-label={label} tabIndex={0}>
      <table className="w-full border-collapse text-left" aria-label={label}>
        <thead>
          <tr className="border-b border-border text-xs text-soft">
            {columns.map(({ id, header, className }) => (
              <th key={id} scope="col" className={cn('h-9 px-4 font-medium whitespace-nowrap', className)}>
                {header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} className="border-b border-border last:border-0 hover:bg-muted/60">
              {columns.map(({ id, cell, className }) => (
                <td key={id} className={cn('h-12 px-4 py-2', className)}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
