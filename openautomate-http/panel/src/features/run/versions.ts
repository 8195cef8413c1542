import { useQuery } from '@tanstack/react-query';
import { api, got } from '@/lib/api';
import { all } from '@/lib/lists';
import { keys } from '@/lib/query';

/** The versions of a package, newest first. */
export function useVersions(packageId: string) {
  return useQuery({
    queryKey: keys.versions(packageId),
    enabled: packageId !== '',
    queryFn: () =>
      all((cursor) =>
        got(api.GET('/api/packages/{id}/versions', { params: { path: { id: packageId }, query: { cursor, limit: 200 } } })),
      ),
  });
}
