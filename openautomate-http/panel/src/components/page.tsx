import { ChevronLeft } from 'lucide-react';
import { useEffect, type ReactNode } from 'react';
import { Link } from '@/lib/nav';

interface PageProps {
  title: ReactNode;
  /** The name in the browser's tab. */
  name: string;
  /** The list that this is one of. */
  parent?: { path: string; name: string };
  aside?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A screen: its name, what can be done, its content. */
export function Page({ title, name, parent, aside, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${name} · OpenAutomate`;
  }, [name]);
  return (
    <div className="mx-auto grid max-w-[96rem] grid-cols-[minmax(0,1fr)] gap-5">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-3">
        <div className="min-w-0">
          {parent && (
            <p className="mb-1 text-soft">
              <Link href={parent.path} className="inline-flex items-center gap-1 hover:text-text hover:underline">
                <ChevronLeft className="size-3.5" aria-hidden />
                {parent.name}
              </Link>
            </p>
          )}
          <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
            <h1 className="min-w-0 text-xl font-semibold tracking-tight break-words">{title}</h1>
            {aside}
          </div>
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </div>
  );
}
