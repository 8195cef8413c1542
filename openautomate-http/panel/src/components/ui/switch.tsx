import { Switch as Radix } from 'radix-ui';
import type { ComponentProps } from 'react';

export function Switch(props: ComponentProps<typeof Radix.Root>) {
  return (
    <Radix.Root
      className="relative h-5 w-9 shrink-0 cursor-pointer rounded-full bg-border-strong align-middle transition-colors disabled:cursor-not-allowed disabled:opacity-50 data-[state=checked]:bg-accent"
      {...props}
    >
      <Radix.Thumb className="block size-4 translate-x-0.5 rounded-full bg-white shadow transition-transform data-[state=checked]:translate-x-[1.125rem]" />
    </Radix.Root>
  );
}
