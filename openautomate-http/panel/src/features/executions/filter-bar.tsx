'use client';

import { ChevronDown, X } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Select } from '@/components/ui/field';
import { Menu, MenuCheck } from '@/components/ui/menu';
import { useAgents, usePackages, useSchedules } from '@/lib/lists';
import '@/messages/executions';
import '@/messages/states';
import { STATES, type Filter } from './list';

interface FilterBarProps {
  filter: Filter;
  onChange: (part: Partial<Filter>) => void;
}

/** Which executions are shown. */
export function FilterBar({ filter, onChange }: FilterBarProps) {
  const t = useTranslations('executions');
  const states = useTranslations('states');
  const { data: packages } = usePackages();
  const { data: agents } = useAgents();
  const { data: schedules } = useSchedules();
  const isSet = filter.state.length > 0 || filter.package || filter.agent || filter.schedule;
  const toggle = (state: (typeof STATES)[number]) =>
    onChange({ state: filter.state.includes(state) ? filter.state.filter((one) => one !== state) : [...filter.state, state] });
  return (
    <div role="search" className="grid grid-cols-2 items-center gap-2 sm:flex sm:flex-wrap">
      <Menu
        align="start"
        trigger={
          <Button className="justify-between border-border-strong/60 px-3 pr-2.5 font-normal hover:border-border-strong hover:bg-surface sm:w-40" data-search>
            <span className="truncate">
              {filter.state.length === 0 ? t('anyState') : filter.state.length === 1 && filter.state[0] ? states(filter.state[0]) : t('states', { count: filter.state.length })}
            </span>
            <ChevronDown className="text-soft" aria-hidden />
          </Button>
        }
      >
        {STATES.map((state) => (
          <MenuCheck key={state} checked={filter.state.includes(state)} onChange={() => toggle(state)}>
            {states(state)}
          </MenuCheck>
        ))}
      </Menu>
      <Choice label={t('package')} any={t('anyPackage')} value={filter.package} list={packages} onChange={(id) => onChange({ package: id })} />
      <Choice label={t('agent')} any={t('anyAgent')} value={filter.agent} list={agents} onChange={(id) => onChange({ agent: id })} />
      <Choice label={t('schedule')} any={t('anySchedule')} value={filter.schedule} list={schedules} onChange={(id) => onChange({ schedule: id })} />
      {isSet && (
        <Button kind="ghost" onClick={() => onChange({ state: [], package: '', agent: '', schedule: '' })}>
          <X aria-hidden /> {t('clear')}
        </Button>
      )}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  any: string;
  value: string;
  list: { id: string; name: string }[] | undefined;
  onChange: (id: string) => void;
}

function Choice({ label, any, value, list, onChange }: ChoiceProps) {
  return (
    <Select aria-label={label} value={value} onChange={(event) => onChange(event.target.value)} className="sm:w-40">
      <option value="">{any}</option>
      {list?.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </Select>
  );
}
