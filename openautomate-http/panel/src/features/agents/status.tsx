import { CircleCheck, CircleOff, PauseCircle, ShieldAlert, Unplug } from 'lucide-react';
import { useTranslations } from 'use-intl';
import type { Agent } from '@/api/types';
import { Badge } from '@/components/ui/badge';
import '@/messages/agents';

/** Whether an agent takes work, and why not. */
export function AgentStatus({ agent }: { agent: Agent }) {
  const t = useTranslations('agents');
  if (agent.status === 'Disabled') {
    return (
      <Badge>
        <CircleOff aria-hidden /> {t('disabled')}
      </Badge>
    );
  }
  if (agent.quarantine) {
    return (
      <Badge tone="bad">
        <ShieldAlert aria-hidden /> {t('quarantined')}
      </Badge>
    );
  }
  if (!agent.connected) {
    return (
      <Badge tone="bad">
        <Unplug aria-hidden /> {agent.enrolled ? t('away') : t('notEnrolled')}
      </Badge>
    );
  }
  if (agent.status === 'Draining' || agent.rest) {
    return (
      <Badge tone="warn">
        <PauseCircle aria-hidden /> {agent.status === 'Draining' ? t('draining') : t('resting')}
      </Badge>
    );
  }
  return (
    <Badge tone="good">
      <CircleCheck aria-hidden /> {t('ready')}
    </Badge>
  );
}
