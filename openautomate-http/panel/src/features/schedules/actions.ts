import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import type { Schedule } from '@/api/types';
import { api, got } from '@/lib/api';
import { useGo } from '@/lib/nav';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/schedules';

/** Pauses and resumes; the switch moves at once and back again if the server refuses. */
export function usePause() {
  const t = useTranslations('schedules');
  const client = useQueryClient();
  const show = (id: string, isActive: boolean) => {
    client.setQueryData<Schedule[]>(keys.schedules, (list) => list?.map((one) => (one.id === id ? { ...one, isActive } : one)));
    client.setQueryData<Schedule>(keys.schedule(id), (one) => one && { ...one, isActive });
  };
  return useMutation({
    mutationFn: ({ id, isActive }: { id: string; isActive: boolean }) =>
      isActive
        ? got(api.POST('/api/schedules/{id}/resume', { params: { path: { id } } }))
        : got(api.POST('/api/schedules/{id}/pause', { params: { path: { id } }, body: { reason: t('pausedHere') } })),
    onMutate: ({ id, isActive }) => show(id, isActive),
    onError: (error, { id, isActive }) => {
      show(id, !isActive);
      toast.error(reason(error));
    },
    onSettled: () => void client.invalidateQueries({ queryKey: keys.schedules }),
  });
}

/** Runs a schedule's package now, as it would. */
export function useRunNow() {
  const t = useTranslations('schedules');
  const go = useGo();
  return useMutation({
    mutationFn: (id: string) => got(api.POST('/api/schedules/{id}/run', { params: { path: { id } } })),
    onSuccess: ({ id }) => {
      toast.success(t('ran'), { action: { label: t('show'), onClick: () => go(`/executions/${id}`) } });
    },
    onError: (error) => toast.error(reason(error)),
  });
}

export function useDeleteSchedule(onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => got(api.DELETE('/api/schedules/{id}', { params: { path: { id } } })),
    onSuccess: onDone,
    onError: (error) => toast.error(reason(error)),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.schedules }),
  });
}
