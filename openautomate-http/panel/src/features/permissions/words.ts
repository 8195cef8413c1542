import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { Permission, PermissionInfo } from '@/api/types';
import { api, got } from '@/lib/api';
import { keys } from '@/lib/query';

/** All permissions, with the server's words for them. */
export function usePermissions(): UseQueryResult<PermissionInfo[]> {
  return useQuery({ queryKey: keys.permissions, queryFn: async () => (await got(api.GET('/api/permissions', {}))).items, staleTime: 300_000 });
}

/** What a permission allows, in words; its name until they are known. */
export function usePermissionWords(): (permission: Permission) => string {
  const { data } = usePermissions();
  return (permission) => data?.find((one) => one.permission === permission)?.words ?? permission;
}
