'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { Permission } from '@/api/types';
import { Button } from '@/components/ui/button';
import { CopyButton } from '@/components/ui/copy-button';
import { Dialog, FormActions } from '@/components/ui/dialog';
import { Field, Input, Select } from '@/components/ui/field';
import { PermissionPicker } from '@/features/permissions/picker';
import { api, got } from '@/lib/api';
import { useMe } from '@/lib/lists';
import { somewhere } from '@/lib/may';
import { ApiError } from '@/lib/problem';
import { keys, reason } from '@/lib/query';
import { exact } from '@/lib/time';
import '@/messages/apiKeys';

const DAYS = [7, 30, 90, 180, 365];

/** Makes an API key for what somebody may, and shows it once. */
export function ApiKeyDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('apiKeys');
  const client = useQueryClient();
  const { data: me } = useMe();
  const [name, setName] = useState('');
  const [days, setDays] = useState(90);
  const [scopes, setScopes] = useState<Permission[]>([]);
  const make = useMutation({
    mutationFn: () => got(api.POST('/api/api-keys', { body: { name: name.trim(), scopes, expiresInDays: days } })),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.apiKeys }),
  });
  const failed = make.error instanceof ApiError ? make.error : undefined;
  const wrong = (field: string) => failed?.field(field);
  const isTold = wrong('name') ?? wrong('scopes') ?? wrong('expiresInDays');
  if (make.data) {
    const { key, expiresAt } = make.data;
    return (
      <Dialog open onOpenChange={(open) => !open && onClose()} title={t('madeTitle', { name: make.data.name })} description={t('madeText')}>
        <div className="grid gap-3 pb-4">
          <pre tabIndex={0} data-testid="api-key" className="rounded-md border border-border bg-background p-3 font-mono text-xs leading-5 break-all whitespace-pre-wrap">
            {key}
          </pre>
          <p className="text-xs text-soft">{t('goodUntil', { at: exact(expiresAt) })}</p>
        </div>
        <FormActions>
          <CopyButton text={key} label={t('copyKey')} />
          <Button kind="primary" onClick={onClose}>
            {t('kept')}
          </Button>
        </FormActions>
      </Dialog>
    );
  }
  return (
    <Dialog open wide onOpenChange={(open) => !open && onClose()} title={t('newTitle')} description={t('newText')}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t('name')} hint={t('nameHint')} required error={wrong('name')}>
            {(props) => <Input {...props} autoFocus required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
          <Field label={t('life')} error={wrong('expiresInDays')}>
            {(props) => (
              <Select {...props} value={days} onChange={(event) => setDays(Number(event.target.value))}>
                {DAYS.map((count) => (
                  <option key={count} value={count}>
                    {t('days', { count })}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        </div>
        <fieldset className="grid gap-3">
          <legend className="mb-1.5 text-[0.8125rem] font-medium">{t('scopesTitle')}</legend>
          <PermissionPicker from={me && somewhere(me)} chosen={scopes} onChange={setScopes} />
          {wrong('scopes') && (
            <p role="alert" className="text-xs break-words text-bad">
              {wrong('scopes')}
            </p>
          )}
        </fieldset>
        {make.error && !isTold && (
          <p role="alert" className="break-words text-bad">
            {reason(make.error)}
          </p>
        )}
        <FormActions>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button type="submit" kind="primary" busy={make.isPending} disabled={scopes.length === 0 || make.isPending}>
            {t('make')}
          </Button>
        </FormActions>
      </form>
    </Dialog>
  );
}
