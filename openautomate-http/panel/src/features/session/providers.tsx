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

/** Where the sign-in at a provider begins. */
const startOf = (name: string) => `/api/auth/oidc/${encodeURIComponent(name)}/start`;

/** Ways to sign in elsewhere; nothing where there are none. `wanted` says where it leads in the end, when it is begun. */
export function Providers({ wanted }: { wanted: () => string }) {
  const t = useTranslations('session');
  const providers = useProviders();
  if (providers.length === 0) return null;
  return (
    <div className="mt-5 grid gap-2">
      <p className="flex items-center gap-3 text-xs text-soft before:h-px before:flex-1 before:bg-border after:h-px after:flex-1 after:bg-border">{t('or')}</p>
      {providers.map(({ name, title }) => (
        <Button asChild key={name} className="w-full">
          <a
            href={startOf(name)}
            onClick={(event) => {
              // The address may come after what it stands over was drawn, so that it is read no sooner.
              if (wanted() !== '/') event.currentTarget.href = `${startOf(name)}?next=${encodeURIComponent(wanted())}`;
            }}
          >
            <LogIn aria-hidden /> {t('logInAt', { title })}
          </a>
        </Button>
      ))}
    </div>
  );
}
