import type { ReactNode } from 'react';
import { cn } from '@/lib/cn';

interface CardProps {
  title?: ReactNode;
  actions?: ReactNode;
  className?: string;
  /** Without room around the content: for tables and logs. */
  flush?: boolean;
  children: ReactNode;
}

export function Card({ title, actions, className, flush, children }: CardProps) {
  return (
    <section className={cn('min-w-0 rounded-lg border border-border bg-surface shadow-card', className)}>
      {(title ?? actions) && (
        <header className="flex min-h-11 flex-wrap items-center justify-between gap-2 border-b border-border px-4 py-1.5">
          <h2 className="text-sm font-semibold">{title}</h2>
          {actions && <div className="-mr-1.5 flex items-center gap-1.5">{actions}</div>}
        </header>
      )}
      <div className={flush ? '' : 'p-4'}>{children}</div>
    </section>
  );
}
