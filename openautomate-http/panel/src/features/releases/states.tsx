import { Ban, CircleCheck, CircleX, Download, Hourglass, LoaderCircle, PackageCheck, PauseCircle, RotateCw, Undo2, type LucideIcon } from 'lucide-react';
import { useTranslations } from 'use-intl';
import type { AgentRollout, AgentUpdate } from '@/api/types';
import { Badge, type Tone } from '@/components/ui/badge';
import '@/messages/updates';

const rollouts: Record<AgentRollout['state'], [Tone, LucideIcon]> = {
  running: ['info', LoaderCircle],
  done: ['good', CircleCheck],
  stopped: ['bad', CircleX],
  cancelled: ['plain', Ban],
};

/** Where a rollout stands: by picture, word and colour. */
export function RolloutBadge({ state }: { state: AgentRollout['state'] }) {
  const t = useTranslations('updates.states');
  const [tone, Icon] = rollouts[state];
  return (
    <Badge tone={tone}>
      <Icon aria-hidden className={state === 'running' ? 'motion-safe:animate-spin' : ''} /> {t(state)}
    </Badge>
  );
}

const updates: Record<AgentUpdate['state'], [Tone, LucideIcon]> = {
  waiting: ['plain', Hourglass],
  fetching: ['info', Download],
  staged: ['info', PackageCheck],
  draining: ['info', PauseCircle],
  restarting: ['info', RotateCw],
  healthy: ['good', CircleCheck],
  rolledBack: ['bad', Undo2],
  failed: ['bad', CircleX],
  cancelled: ['plain', Ban],
};

/** How far an agent is with a release. */
export function UpdateBadge({ state }: { state: AgentUpdate['state'] }) {
  const t = useTranslations('updates.agentStates');
  const [tone, Icon] = updates[state];
  return (
    <Badge tone={tone}>
      <Icon aria-hidden /> {t(state)}
    </Badge>
  );
}
