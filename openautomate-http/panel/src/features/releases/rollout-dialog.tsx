'use client';

import { useTranslations } from 'use-intl';
import type { AgentRollout } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import '@/messages/updates';
import { RolloutProgress } from './progress';

/** A rollout of before, agent by agent. */
export function RolloutDialog({ rollout, version, onClose }: { rollout: AgentRollout; version: string; onClose: () => void }) {
  const t = useTranslations('updates');
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={t('rolloutOf', { version })}
      footer={
        <Button kind="primary" onClick={onClose}>
          {t('close')}
        </Button>
      }
    >
      <div className="-mx-4 -mt-4">
        <RolloutProgress rollout={rollout} />
      </div>
    </Dialog>
  );
}
