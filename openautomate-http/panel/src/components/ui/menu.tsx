import { Check } from 'lucide-react';
import type { DropdownMenu } from 'radix-ui';
import { cloneElement, createContext, use, useEffect, useState, type ComponentProps, type MouseEvent, type ReactElement, type ReactNode } from 'react';
import { cn } from '@/lib/cn';
import { useQuiet } from '@/lib/quiet';
import type * as MenuParts from './menu-parts';

/** The parts of an open menu; menus are loaded when the screen stands, since nobody opens one before. */
const Parts = createContext<typeof MenuParts | undefined>(undefined);

let known: typeof MenuParts | undefined;

async function load(): Promise<typeof MenuParts> {
  return (known ??= await import('./menu-parts'));
}

interface MenuProps {
  /** The button that opens it. */
  trigger: ReactElement<{ onClick?: (event: MouseEvent) => void; 'aria-haspopup'?: 'menu'; 'aria-expanded'?: boolean }>;
  align?: 'start' | 'end';
  children: ReactNode;
}

export function Menu({ trigger, align = 'end', children }: MenuProps) {
  const [opened, setOpened] = useState<{ parts: typeof MenuParts; byKeyboard: boolean }>();
  const quiet = useQuiet();
  useEffect(() => {
    // Without it, the menu is loaded when it is opened.
    if (quiet) load().catch(() => undefined);
  }, [quiet]);
  if (!opened) {
    const open = (event: MouseEvent) => {
      const byKeyboard = event.detail === 0;
      if (known) setOpened({ parts: known, byKeyboard });
      else void load().then((parts) => setOpened({ parts, byKeyboard }));
    };
    return cloneElement(trigger, { onClick: open, 'aria-haspopup': 'menu', 'aria-expanded': false });
  }
  const { parts, byKeyboard } = opened;
  return (
    <Parts value={parts}>
      <parts.OpenMenu trigger={trigger} align={align} byKeyboard={byKeyboard}>
        {children}
      </parts.OpenMenu>
    </Parts>
  );
}

/** The parts of the menu around it: what stands in a menu is drawn in an open one alone. */
function useParts(): typeof MenuParts {
  const parts = use(Parts);
  if (!parts) throw new Error('this stands in no menu');
  return parts;
}

export function MenuItem({ className, danger, ...props }: ComponentProps<typeof DropdownMenu.Item> & { danger?: boolean }) {
  const { Item } = useParts();
  return (
    <Item
      className={cn(
        'flex cursor-pointer items-center gap-2 rounded-md px-2.5 py-1.5 text-sm outline-none data-disabled:cursor-not-allowed data-disabled:opacity-50 data-highlighted:bg-muted [&_svg]:size-4',
        danger && 'text-bad',
        className,
      )}
      {...props}
    />
  );
}

interface MenuCheckProps {
  checked: boolean;
  onChange: () => void;
  children: ReactNode;
}

/** One of several that may be chosen at once; the menu stays open. */
export function MenuCheck({ checked, onChange, children }: MenuCheckProps) {
  const { CheckboxItem, ItemIndicator } = useParts();
  return (
    <CheckboxItem
      checked={checked}
      onCheckedChange={onChange}
      onSelect={(event) => event.preventDefault()}
      className="relative flex cursor-pointer items-center gap-2 rounded-md py-1.5 pr-2.5 pl-8 outline-none data-highlighted:bg-muted"
    >
      <ItemIndicator className="absolute left-2.5">
        <Check className="size-4" aria-hidden />
      </ItemIndicator>
      {children}
    </CheckboxItem>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  const { Label } = useParts();
  return <Label className="px-2.5 py-1.5 text-xs text-soft">{children}</Label>;
}

export function MenuLine() {
  const { Separator } = useParts();
  return <Separator className="my-1 h-px bg-border" />;
}
