'use client';

import { Play } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import '@/messages/run';

const RunDialog = dynamic(() => import('./run-dialog').then((module) => module.RunDialog), { ssr: false });

interface RunButtonProps {
  packageId: string;
  name: string;
  versionId?: string;
  environmentId?: string;
  primary?: boolean;
}

export function RunButton({ name, primary, ...what }: RunButtonProps) {
  const t = useTranslations('run');
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button kind={primary ? 'primary' : 'plain'} size={primary ? 'md' : 'sm'} aria-label={t('runThis', { name })} onClick={() => setOpen(true)}>
        <Play aria-hidden /> {t('run')}
      </Button>
      {open && <RunDialog {...what} onClose={() => setOpen(false)} />}
    </>
  );
}
