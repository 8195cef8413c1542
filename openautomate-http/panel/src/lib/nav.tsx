'use client';

import NextLink from 'next/link';
import { usePathname, useRouter } from 'next/navigation';
import type { ComponentProps } from 'react';

/** The one place that knows the router. */

type LinkProps = Omit<ComponentProps<typeof NextLink>, 'prefetch'>;

/** A link to another screen. */
export function Link(props: LinkProps) {
  return <NextLink prefetch={false} {...props} />;
}

/** Goes to another screen. */
export function useGo(): (to: string, how?: { replace?: boolean }) => void {
  const router = useRouter();
  return (to, how) => (how?.replace ? router.replace(to) : router.push(to));
}

/** The path, as in `/executions`. */
export function usePath(): string {
  return usePathname().replace(/(.)\/$/, '$1');
}

/** The id in the path of a screen of one thing: the page was built once, for all ids. */
export function usePathId(): string {
  return usePath().split('/')[2] ?? '';
}
