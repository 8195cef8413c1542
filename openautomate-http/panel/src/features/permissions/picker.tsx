import { useTranslations } from 'use-intl';
import type { Permission } from '@/api/types';
import { Badge } from '@/components/ui/badge';
import { Failure } from '@/components/ui/failure';
import { SkeletonRows } from '@/components/ui/skeleton';
import '@/messages/permissions';
import { byTopic, toggled } from './topics';
import { usePermissions } from './words';

interface PickerProps {
  /** What can be chosen; everything, if it is left out. */
  from?: readonly Permission[] | undefined;
  chosen: readonly Permission[];
  /** Only shown, if it is left out. */
  onChange?: (chosen: Permission[]) => void;
  /** What this person can't give. */
  isBarred?: (permission: Permission, reserved: boolean) => boolean;
}

/** Permissions by topic, in the server's words. */
export function PermissionPicker({ from, chosen, onChange, isBarred }: PickerProps) {
  const t = useTranslations('permissions');
  const { data, error, refetch } = usePermissions();
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows count={4} />;
  const infos = new Map(data.map((info) => [info.permission, info]));
  const barred = (one: Permission) => isBarred?.(one, infos.get(one)?.reserved ?? false) ?? false;
  const isWhole = (some: Permission[]) => some.every((one) => chosen.includes(one));
  const offered = data.map(({ permission }) => permission).filter((one) => !from || from.includes(one));
  return (
    <div className="grid gap-x-6 gap-y-4 sm:grid-cols-2">
      {byTopic(offered).map(([topic, some]) => {
        const free = some.filter((one) => !barred(one));
        return (
          <fieldset key={topic} className="min-w-0">
            <legend className="float-left mb-1.5 flex w-full items-center justify-between gap-2 border-b border-border pb-1 text-[0.8125rem] font-medium">
              {t(`topics.${topic}`)}
              {onChange && free.length > 1 && (
                <button
                  type="button"
                  className="text-xs font-normal text-accent hover:underline"
                  aria-label={isWhole(free) ? t('noneOf', { topic: t(`topics.${topic}`) }) : t('allOf', { topic: t(`topics.${topic}`) })}
                  onClick={() => onChange(toggled(chosen, free))}
                >
                  {isWhole(free) ? t('none') : t('all')}
                </button>
              )}
            </legend>
            <div className="clear-both grid gap-1.5">
              {some.map((one) => (
                <label key={one} className="flex items-start gap-2.5" title={one}>
                  <input
                    type="checkbox"
                    className="mt-0.5 size-4 shrink-0 accent-(--accent)"
                    checked={chosen.includes(one)}
                    disabled={!onChange || barred(one)}
                    onChange={() => onChange?.(toggled(chosen, [one]))}
                  />
                  <span className="min-w-0">
                    <span className="inline-block first-letter:uppercase">{infos.get(one)?.words ?? one}</span>
                    {infos.get(one)?.reserved && <Badge className="ml-2 h-5">{t('reserved')}</Badge>}
                  </span>
                </label>
              ))}
            </div>
          </fieldset>
        );
      })}
    </div>
  );
}
