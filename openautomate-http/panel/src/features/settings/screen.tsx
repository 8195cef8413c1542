'use client';

import { useMutation } from '@tanstack/react-query';
import { ExternalLink } from 'lucide-react';
import { useTheme } from 'next-themes';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Me } from '@/api/types';
import { Page } from '@/components/page';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Facts } from '@/components/ui/facts';
import { Field, Input, Select } from '@/components/ui/field';
import { SkeletonRows } from '@/components/ui/skeleton';
import { api, got } from '@/lib/api';
import { useHydrated } from '@/lib/hydrated';
import { useEnvironments, useMe, useNames } from '@/lib/lists';
import { ApiError } from '@/lib/problem';
import { reason } from '@/lib/query';
import { forget } from '@/lib/session';
import { short } from '@/lib/short';
import { exact } from '@/lib/time';
import { toast } from '@/lib/toast';
import '@/messages/settings';
import { ApiKeys } from './api-keys';
import { Authenticator } from './authenticator';
import { Environments } from './environments';
import { ExternalLogins } from './external-logins';
import { Sessions } from './sessions';

/** The roles of somebody by their names; those that hold in one environment after its name. */
function rolesOf(me: Me, environmentName: (id: string) => string): string[] {
  const nameOf = (id: string) => me.customRoleNames.find((one) => one.id === id)?.name ?? short(id);
  const single = me.environmentRoles.map(({ environmentId, roles = [], customRoles = [] }) => `${environmentName(environmentId)}: ${[...roles, ...customRoles.map(nameOf)].join(', ')}`);
  return [...me.roles, ...me.customRoles.map(nameOf), ...single];
}

export function Settings() {
  const t = useTranslations('settings');
  const { data: me } = useMe();
  const environmentName = useNames(useEnvironments().data);
  const { theme, setTheme } = useTheme();
  const hydrated = useHydrated();
  return (
    <Page
      name={t('title')}
      title={t('title')}
      actions={
        <Button asChild>
          <a href="/api/docs/" target="_blank" rel="noreferrer">
            {t('api')} <ExternalLink aria-hidden />
          </a>
        </Button>
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4 lg:grid-cols-2">
        <Card title={t('account')}>
          {me ? (
            <Facts
              items={[
                [t('username'), me.username],
                [t('email'), me.email],
                [t('roles'), rolesOf(me, environmentName).join(', ')],
                [t('since'), exact(me.createdAt)],
              ]}
            />
          ) : (
            <SkeletonRows count={2} />
          )}
          <div className="mt-5 max-w-xs">
            <Field label={t('theme')}>
              {(props) => (
                <Select {...props} value={hydrated ? theme : 'system'} onChange={(event) => setTheme(event.target.value)}>
                  <option value="system">{t('themes.system')}</option>
                  <option value="light">{t('themes.light')}</option>
                  <option value="dark">{t('themes.dark')}</option>
                </Select>
              )}
            </Field>
          </div>
        </Card>
        <Card title={t('password')}>
          <PasswordForm />
        </Card>
        <Authenticator />
        <Sessions />
        <ExternalLogins />
      </div>
      <ApiKeys />
      <Card title={t('environments')} flush>
        <Environments />
      </Card>
    </Page>
  );
}

/** Changes the password; every session of the person ends, this one too. */
function PasswordForm() {
  const t = useTranslations('settings');
  const [current, setCurrent] = useState('');
  const [wanted, setWanted] = useState('');
  const change = useMutation({
    mutationFn: () => got(api.POST('/api/auth/password', { body: { currentPassword: current, newPassword: wanted } })),
    onSuccess: () => {
      toast.success(t('changed'));
      forget();
    },
  });
  const failed = change.error instanceof ApiError ? change.error : undefined;
  const isTold = ['currentPassword', 'newPassword', 'password'].some((field) => failed?.field(field));
  return (
    <form
      className="grid max-w-sm gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate();
      }}
    >
      <Field label={t('current')} error={failed?.field('currentPassword')}>
        {(props) => <Input {...props} type="password" autoComplete="current-password" required value={current} onChange={(event) => setCurrent(event.target.value)} />}
      </Field>
      <Field label={t('wanted')} hint={t('wantedHint')} error={failed?.field('newPassword') ?? failed?.field('password')}>
        {(props) => <Input {...props} type="password" autoComplete="new-password" minLength={8} required value={wanted} onChange={(event) => setWanted(event.target.value)} />}
      </Field>
      {change.error && !isTold && (
        <p role="alert" className="text-bad">
          {reason(change.error)}
        </p>
      )}
      <div>
        <Button type="submit" busy={change.isPending}>
          {t('change')}
        </Button>
      </div>
    </form>
  );
}
