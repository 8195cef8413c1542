import type { ReactNode } from 'react';
import { Logo } from '@/components/logo';

/** The frame of the screens for people who are not signed in. */
export function SessionFrame({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  return (
    <main className="grid min-h-dvh place-items-center px-4 py-10">
      <div className="w-full max-w-sm">
        <div className="mb-6 flex items-center justify-center gap-2.5 text-lg font-semibold">
          <Logo className="size-8" />
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
