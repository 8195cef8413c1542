import { ChevronRight } from 'lucide-react';
import { useState, type ReactNode } from 'react';

/** A file of a list that opens where it stands; what is in it is made when it is first opened. */
export function Fold({ path, aside, children }: { path: string; aside: ReactNode; children: () => ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="group border-b border-border last:border-0" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="flex min-h-9 cursor-pointer list-none items-center gap-2 px-2 py-1.5 outline-offset-[-2px] hover:bg-muted/60">
        <ChevronRight className="size-4 shrink-0 text-soft transition-transform group-open:rotate-90" aria-hidden />
        <code className="min-w-0 flex-1 font-mono text-xs break-all">{path}</code>
        {aside}
      </summary>
      {open && children()}
    </details>
  );
}
