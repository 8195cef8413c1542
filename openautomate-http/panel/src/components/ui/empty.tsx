import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

interface EmptyProps {
  icon: LucideIcon;
  title: ReactNode;
  text?: ReactNode;
  children?: ReactNode;
}

/** Where nothing is yet: what this would be, and the next step. */
export function Empty({ icon: Icon, title, text, children }: EmptyProps) {
  return (
    <div className="flex flex-col items-center gap-3 px-6 py-12 text-center">
      <div className="rounded-full bg-muted p-3 text-soft">
        <Icon className="size-6" aria-hidden />
      </div>
      <div className="grid max-w-md gap-1">
        <p className="font-medium">{title}</p>
        {text && <p className="text-soft">{text}</p>}
      </div>
      {children}
    </div>
  );
}
