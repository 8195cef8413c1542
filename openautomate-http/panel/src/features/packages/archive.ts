import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { unzipSync } from 'fflate';
import type { PackageVersion } from '@/api/types';
import { content } from '@/lib/api';
import { keys } from '@/lib/query';

/** The files of a version, from the archive that anybody who may download it gets. */

/** More than this is not unpacked in a browser, in bytes. */
export const MOST_BYTES = 50_000_000;

/** Contents by path, in the order of paths. */
export type Archive = ReadonlyMap<string, Uint8Array>;

export function unpacked(zip: Uint8Array): Archive {
  const entries = Object.entries(unzipSync(zip)).filter(([path]) => !path.endsWith('/'));
  return new Map(entries.sort(([one], [other]) => one.localeCompare(other)));
}

export function useArchive(version: PackageVersion, enabled = true): UseQueryResult<Archive> {
  return useQuery({
    // A version never changes.
    queryKey: [...keys.versions(version.packageId), version.id, 'archive'],
    staleTime: Infinity,
    gcTime: 60_000,
    enabled: enabled && version.size <= MOST_BYTES,
    queryFn: async () => {
      const zip = await content(`/api/packages/${version.packageId}/versions/${version.id}/content`);
      return unpacked(new Uint8Array(await zip.arrayBuffer()));
    },
  });
}

/** The text of a file; nothing of what is none. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export interface FileChange {
  path: string;
  kind: 'added' | 'removed' | 'changed';
  before: Uint8Array | undefined;
  after: Uint8Array | undefined;
}

const isSame = (one: Uint8Array, other: Uint8Array) => one.length === other.length && one.every((byte, index) => byte === other[index]);

/** What is not the same in two archives. */
export function changesOf(first: Archive, second: Archive): FileChange[] {
  const paths = [...new Set([...first.keys(), ...second.keys()])].sort((one, other) => one.localeCompare(other));
  return paths.flatMap((path): FileChange[] => {
    const before = first.get(path);
    const after = second.get(path);
    if (before && after) return isSame(before, after) ? [] : [{ path, kind: 'changed', before, after }];
    return [{ path, kind: after ? 'added' : 'removed', before, after }];
  });
}
