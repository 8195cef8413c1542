'use client';

import { WifiOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslations } from 'use-intl';
import { useLine } from '@/lib/live';
import '@/messages/shell';

/** A short gap is nobody's business. */
const PATIENCE = 1_500;

/** Says that nothing new comes at the moment; goes away by itself. */
export function LineBanner() {
  const t = useTranslations('shell');
  const line = useLine();
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (line !== 'lost') return;
    const timer = setTimeout(() => setLate(true), PATIENCE);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [line]);
  return (
    <div role="status" aria-live="polite">
      {line === 'lost' && late && (
        <p className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-2 text-center text-warn">
          <WifiOff className="size-4 shrink-0" aria-hidden />
          {t('lost')}
        </p>
      )}
    </div>
  );
}
