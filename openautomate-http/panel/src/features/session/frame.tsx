import type { ReactNode } from 'react';

/** The frame of the screens for people who are not signed in. */
export function SessionFrame({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  return (
    <main className="grid min-h-dvh place-items-center px-4 py-10">
      <div className="w-full max-w-sm">
        <div className="mb-6 flex items-center justify-center gap-2.5 text-lg font-semibold">
          <svg viewBox="0 0 32 32" className="size-8" aria-hidden>
            <rect width="32" height="32" rx="8" className="fill-accent" />
            <path d="M10 9.5a1.5 1.5 0 0 1 2.3-1.27l10 6.5a1.5 1.5 0 0 1 0 2.54l-10 6.5A1.5 1.5 0 0 1 10 22.5z" className="fill-on-accent" />
          </svg>
          OpenAutomate
        </div>
        <section className="rounded-xl border border-border bg-surface p-6 shadow-card">
          <h1 className="text-lg font-semibold tracking-tight">{title}</h1>
          {text && <p className="mt-1 text-soft">{text}</p>}
          <div className="mt-5">{children}</div>
        </section>
      </div>
    </main>
  );
}
