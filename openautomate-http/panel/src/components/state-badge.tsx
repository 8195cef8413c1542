import { Ban, CircleCheck, CircleDashed, CircleX, Clock, Hourglass, LoaderCircle, Send, type LucideIcon } from 'lucide-react';
import { useTranslations } from 'use-intl';
import type { ExecutionState } from '@/api/types';
import '@/messages/states';
import { Badge, type Tone } from './ui/badge';

const looks: Record<ExecutionState, [Tone, LucideIcon]> = {
  Pending: ['plain', CircleDashed],
  Assigned: ['info', Send],
  Running: ['info', LoaderCircle],
  Waiting: ['warn', Hourglass],
  Succeeded: ['good', CircleCheck],
  Failed: ['bad', CircleX],
  Cancelled: ['plain', Ban],
  TimedOut: ['bad', Clock],
};

/** How an execution is: by picture, word and colour. */
export function StateBadge({ state }: { state: ExecutionState }) {
  const t = useTranslations('states');
  const [tone, Icon] = looks[state];
  return (
    <Badge tone={tone}>
      <Icon aria-hidden className={state === 'Running' ? 'motion-safe:animate-spin' : ''} />
      {t(state)}
    </Badge>
  );
}

const ENDED: ExecutionState[] = ['Succeeded', 'Failed', 'Cancelled', 'TimedOut'];

/** Whether nothing more happens to it. */
export function isEnded(state: ExecutionState): boolean {
  return ENDED.includes(state);
}
