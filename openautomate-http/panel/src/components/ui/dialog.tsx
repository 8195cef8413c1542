import dynamic from 'next/dynamic';
import type { ReactNode } from 'react';

export interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description?: ReactNode;
  /** Wide for forms with much in them; widest for tables of somebody else's making. */
  wide?: boolean | 'most';
  footer?: ReactNode;
  children: ReactNode;
}

/** Loads what dialogs are made of, before one is asked for. */
export const loadDialogs = () => import('./dialog-parts');

const OpenDialog = dynamic(() => loadDialogs().then((module) => module.OpenDialog), { ssr: false });

/** Something that is asked before the page goes on. */
export function Dialog(props: DialogProps) {
  return props.open ? <OpenDialog {...props} /> : null;
}

/** What ends a form that fills a dialog; it stays in sight however long the form is. */
export function FormActions({ children }: { children: ReactNode }) {
  return <div className="sticky -bottom-2 z-10 -mx-5 -mb-2 flex flex-wrap justify-end gap-2 border-t border-border bg-surface sm:rounded-b-xl px-5 py-3">{children}</div>;
}
