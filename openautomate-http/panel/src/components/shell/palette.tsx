'use client';

import { Command } from 'cmdk';
import { Activity, Bot, CalendarClock, Package as PackageIcon, type LucideIcon } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { useAgents, useMe, usePackages, useSchedules } from '@/lib/lists';
import { may } from '@/lib/may';
import { useGo } from '@/lib/nav';
import '@/messages/shell';
import { SCREENS } from './screens';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Goes to anything by its name: screens, packages, agents, schedules, an execution by its id. */
export function Palette({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useTranslations('shell');
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/45" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-50 w-[min(36rem,94vw)] -translate-x-1/2 overflow-hidden rounded-xl border border-border bg-surface shadow-2xl motion-safe:animate-[appear_120ms_ease-out]"
        >
          <Dialog.Title className="sr-only">{t('search')}</Dialog.Title>
          <Choices onDone={() => onOpenChange(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Choices({ onDone }: { onDone: () => void }) {
  const t = useTranslations('shell');
  const go = useGo();
  const [text, setText] = useState('');
  const { data: me } = useMe();
  const { data: packages } = usePackages();
  const { data: agents } = useAgents();
  const { data: schedules } = useSchedules();
  const to = (path: string) => () => {
    onDone();
    go(path);
  };
  const screens = SCREENS.filter((screen) => !screen.permission || (me && may(me, screen.permission)));
  const typed = text.trim();
  return (
    <Command label={t('search')} className="flex max-h-[64vh] flex-col">
      <Command.Input
        value={text}
        onValueChange={setText}
        placeholder={t('searchHint')}
        className="h-12 w-full border-b border-border bg-transparent px-4 text-base outline-none"
      />
      <Command.List className="min-h-0 flex-1 overflow-y-auto p-2 [&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-soft">
        <Command.Empty className="py-8 text-center text-soft">{t('nothingFound')}</Command.Empty>
        {UUID.test(typed) && <Choice icon={Activity} name={t('openExecution', { id: typed })} value={typed} onSelect={to(`/executions/${typed}`)} />}
        <Command.Group heading={t('screens')}>
          {screens.map(({ path, name, icon, key }) => (
            <Choice key={path} icon={icon} name={t(`names.${name}`)} value={`screen ${name}`} onSelect={to(path)} hint={`g ${key}`} />
          ))}
        </Command.Group>
        <Things heading={t('names.packages')} icon={PackageIcon} list={packages} path="/packages" to={to} />
        <Things heading={t('names.agents')} icon={Bot} list={agents} path="/agents" to={to} />
        <Things heading={t('names.schedules')} icon={CalendarClock} list={schedules} path="/schedules" to={to} />
      </Command.List>
    </Command>
  );
}

interface ThingsProps {
  heading: string;
  icon: LucideIcon;
  list: { id: string; name: string }[] | undefined;
  path: string;
  to: (path: string) => () => void;
}

function Things({ heading, icon, list, path, to }: ThingsProps) {
  if (!list?.length) return null;
  return (
    <Command.Group heading={heading}>
      {list.slice(0, 200).map(({ id, name }) => (
        <Choice key={id} icon={icon} name={name} value={`${name} ${id}`} onSelect={to(`${path}/${id}`)} />
      ))}
    </Command.Group>
  );
}

interface ChoiceProps {
  icon: LucideIcon;
  name: string;
  value: string;
  hint?: string;
  onSelect: () => void;
}

function Choice({ icon: Icon, name, value, hint, onSelect }: ChoiceProps) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="flex cursor-pointer items-center gap-2.5 rounded-md px-2.5 py-2 data-[selected=true]:bg-accent-soft data-[selected=true]:text-accent"
    >
      <Icon className="size-4 shrink-0" aria-hidden />
      <span className="min-w-0 flex-1 truncate">{name}</span>
      {hint && <kbd className="font-sans text-xs text-soft">{hint}</kbd>}
    </Command.Item>
  );
}
