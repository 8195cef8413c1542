import dynamic from 'next/dynamic';
import type { ConfirmProps } from './confirm-dialog';

const ConfirmDialog = dynamic(() => import('./confirm-dialog').then((module) => module.ConfirmDialog), { ssr: false });

/** Asks before something that can't be undone; loaded when it is first asked. */
export function Confirm(props: ConfirmProps) {
  return props.open ? <ConfirmDialog {...props} /> : null;
}
