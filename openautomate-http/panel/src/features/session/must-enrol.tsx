'use client';

import { useQueryClient } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Enrolment } from '@/features/settings/enrolment';
import { keys } from '@/lib/query';
import { logOut } from '@/lib/session';
import '@/messages/authenticator';
import { SessionFrame } from './frame';

/** Stands before everything else where an authenticator is asked of a person who has none. */
export function MustEnrol() {
  const t = useTranslations('authenticator');
  const client = useQueryClient();
  return (
    <SessionFrame title={t('mustTitle')} text={t('mustText')}>
      <Enrolment
        back={
          <Button className="mr-auto" kind="ghost" onClick={() => void logOut()}>
            {t('logOut')}
          </Button>
        }
        actions={(children) => <div className="flex justify-end gap-2">{children}</div>}
        onDone={() => void client.invalidateQueries({ queryKey: keys.me })}
      />
    </SessionFrame>
  );
}
