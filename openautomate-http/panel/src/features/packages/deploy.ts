import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { api, got } from '@/lib/api';
import { keys, reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/package';

export type Step =
  | { kind: 'deploy'; versionId: string; environmentId: string }
  | { kind: 'promote'; from: string; to: string }
  | { kind: 'rollBack'; environmentId: string };

/** Changes which version an environment has. Where two people must agree it waits for the second. */
export function useDeploy(packageId: string, onDone?: () => void) {
  const t = useTranslations('package');
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (step: Step): Promise<boolean> => {
      const path = { id: packageId };
      switch (step.kind) {
        case 'deploy': {
          const { response, error } = await api.POST('/api/packages/{id}/versions/{versionId}/activate', {
            params: { path: { ...path, versionId: step.versionId }, query: { environmentId: step.environmentId } },
          });
          await got(Promise.resolve({ response, error }));
          return response.status !== 202;
        }
        case 'promote':
          return (await got(api.POST('/api/packages/{id}/promote', { params: { path }, body: { from: step.from, to: step.to } }))).state === 'done';
        case 'rollBack':
          return (await got(api.POST('/api/packages/{id}/rollback', { params: { path }, body: { environmentId: step.environmentId } }))).state === 'done';
      }
    },
    onSuccess: (done) => {
      if (done) toast.success(t('deployed'));
      else toast.info(t('waitsForSecond'));
      onDone?.();
    },
    onError: (error) => toast.error(reason(error)),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.packages }),
  });
}
