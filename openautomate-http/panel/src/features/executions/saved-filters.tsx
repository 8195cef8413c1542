'use client';

import { Bookmark, Trash2 } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Menu, MenuItem, MenuLabel, MenuLine } from '@/components/ui/menu';
import '@/messages/executions';
import type { Filter } from './list';
import { forgetFilter, useSavedFilters } from './saved';

const SaveDialog = dynamic(() => import('./save-dialog').then((module) => module.SaveDialog), { ssr: false });

interface SavedFiltersProps {
  filter: Filter;
  /** Whether there is something to save. */
  isSet: boolean;
  onOpen: (filter: Filter) => void;
}

/** Filters by their names. */
export function SavedFilters({ filter, isSet, onOpen }: SavedFiltersProps) {
  const t = useTranslations('executions.saved');
  const saved = useSavedFilters();
  const [saving, setSaving] = useState(false);
  return (
    <>
      <Menu
        trigger={
          <Button>
            <Bookmark aria-hidden /> {t('button')}
          </Button>
        }
      >
        {saved.map((one) => (
          <MenuItem key={one.name} onSelect={() => onOpen(one.filter)}>
            <span className="max-w-56 truncate">{one.name}</span>
          </MenuItem>
        ))}
        {saved.length === 0 && (
          <div className="max-w-60">
            <MenuLabel>{t('none')}</MenuLabel>
          </div>
        )}
        <MenuLine />
        <MenuItem disabled={!isSet} onSelect={() => setSaving(true)}>
          <Bookmark aria-hidden /> {t('save')}
        </MenuItem>
        {saved.map((one) => (
          <MenuItem key={one.name} danger onSelect={() => forgetFilter(one.name)}>
            <Trash2 aria-hidden /> <span className="max-w-56 truncate">{t('remove', { name: one.name })}</span>
          </MenuItem>
        ))}
      </Menu>
      {saving && <SaveDialog filter={filter} onClose={() => setSaving(false)} />}
    </>
  );
}
