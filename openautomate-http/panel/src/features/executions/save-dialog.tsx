'use client';

import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Dialog, FormActions } from '@/components/ui/dialog';
import { Field, Input } from '@/components/ui/field';
import '@/messages/executions';
import type { Filter } from './list';
import { saveFilter } from './saved';

/** Gives the filter a name. */
export function SaveDialog({ filter, onClose }: { filter: Filter; onClose: () => void }) {
  const t = useTranslations('executions.saved');
  const [name, setName] = useState('');
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t('title')}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!name.trim()) return;
          saveFilter(name.trim(), filter);
          onClose();
        }}
      >
        <Field label={t('name')} required>
          {(props) => <Input {...props} maxLength={60} value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <FormActions>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button type="submit" kind="primary" disabled={!name.trim()}>
            {t('ok')}
          </Button>
        </FormActions>
      </form>
    </Dialog>
  );
}
