import { DropdownMenu } from 'radix-ui';
import { useEffect, useRef, type ReactNode } from 'react';

/** The parts of a menu, loaded before it is first opened. */

interface OpenMenuProps {
  trigger: ReactNode;
  align: 'start' | 'end';
  /** Whether the keyboard opened it, so that its first entry is chosen. */
  byKeyboard: boolean;
  children: ReactNode;
}

/** A menu that was opened once. */
export function OpenMenu({ trigger, align, byKeyboard, children }: OpenMenuProps) {
  const content = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (byKeyboard) content.current?.querySelector<HTMLElement>('[role^="menuitem"]:not([data-disabled])')?.focus();
  }, [byKeyboard]);
  return (
    <DropdownMenu.Root defaultOpen>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          ref={content}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-44 overflow-y-auto rounded-lg border border-border bg-surface p-1 shadow-lg motion-safe:animate-[appear_110ms_ease-out]"
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export const { CheckboxItem, Item, ItemIndicator, Label, Separator } = DropdownMenu;
