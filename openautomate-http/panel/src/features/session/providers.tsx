'use client';

import { useQuery } from '@tanstack/react-query';
import { LogIn } from 'lucide-react';
import { useTranslations } from 'use-intl';
import type { Provider } from '@/api/types';
import { Button } from '@/components/ui/button';
import { api, got } from '@/lib/api';
import '@/messages/session';

/** The identity providers at which people may sign in. */
export function useProviders(): Provider[] {
  const { data } = useQuery({ queryKey: ['providers'], queryFn: async () => (await got(api.GET('/api/auth/oidc', {}))).items, staleTime: 300_000, retry: false });
  return data ?? [];
}

/** Ways to sign in elsewhere; nothing where there are none. */
export function Providers() {
  const t = useTranslations('session');
  const providers = useProviders();
  if (providers.length === 0) return null;
  return (
    <div className="mt-5 grid gap-2">
      <p className="flex items-center gap-3 text-xs text-soft before:h-px before:flex-1 before:bg-border after:h-px after:flex-1 after:bg-border">{t('or')}</p>
      {providers.map(({ name, title }) => (
        <Button asChild key={name} className="w-full">
          <a href={`/api/auth/oidc/${encodeURIComponent(name)}/start`}>
            <LogIn aria-hidden /> {t('logInAt', { title })}
          </a>
        </Button>
      ))}
    </div>
  );
}
