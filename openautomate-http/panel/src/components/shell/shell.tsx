'use client';

import { ChevronsUpDown, CircleUserRound, Command, Keyboard, LogOut, Menu as MenuIcon, Monitor, Moon, Sun, X } from 'lucide-react';
import { useTheme } from 'next-themes';
import dynamic from 'next/dynamic';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { Logo } from '@/components/logo';
import { Button } from '@/components/ui/button';
import { loadDialogs } from '@/components/ui/dialog';
import { Menu, MenuItem, MenuLabel, MenuLine } from '@/components/ui/menu';
import { Skeleton } from '@/components/ui/skeleton';
import { cn } from '@/lib/cn';
import { setEnvironment, useEnvironment } from '@/lib/environment';
import { useHydrated } from '@/lib/hydrated';
import { useEnvironments, useMe, useNames } from '@/lib/lists';
import { may } from '@/lib/may';
import { Link, useGo, usePath } from '@/lib/nav';
import { useQuiet } from '@/lib/quiet';
import { logOut, useSession } from '@/lib/session';
import '@/messages/shell';
import { LineBanner } from './line-banner';
import { SCREENS, screenOf, type Screen } from './screens';
import { useShortcuts } from './shortcuts';

const Palette = dynamic(() => import('./palette').then((module) => module.Palette), { ssr: false });
const ShortcutSheet = dynamic(() => import('./shortcut-sheet').then((module) => module.ShortcutSheet), { ssr: false });

/** The frame around the screens. */
export function Shell({ children }: { children: ReactNode }) {
  const t = useTranslations('shell');
  const path = usePath();
  // Open on the screen where it was opened: whoever goes elsewhere has used it.
  const [drawerOn, setDrawerOn] = useState<string>();
  const drawer = drawerOn === path;
  const [palette, setPalette] = useState(false);
  const [sheet, setSheet] = useState(false);
  const quiet = useQuiet();
  useEffect(() => {
    // Without it, they are loaded when the first is opened.
    if (quiet) loadDialogs().catch(() => undefined);
  }, [quiet]);
  useShortcuts({ palette: () => setPalette(true), sheet: () => setSheet(true) });

  return (
    <div className="flex min-h-dvh">
      <a href="#content" className="sr-only z-50 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2">
        {t('skip')}
      </a>
      <aside className="sticky top-0 hidden h-dvh w-14 shrink-0 flex-col border-r border-border bg-surface md:flex lg:w-56">
        <Brand />
        <Sidebar path={path} />
      </aside>
      {drawer && (
        <div className="fixed inset-0 z-40 md:hidden">
          <button type="button" aria-label={t('closeMenu')} className="absolute inset-0 bg-black/45" onClick={() => setDrawerOn(undefined)} />
          <aside className="relative flex h-full w-64 flex-col border-r border-border bg-surface motion-safe:animate-[slide_160ms_ease-out]">
            <div className="flex items-center justify-between pr-2">
              <Brand full />
              <Button kind="ghost" size="icon" aria-label={t('closeMenu')} onClick={() => setDrawerOn(undefined)}>
                <X aria-hidden />
              </Button>
            </div>
            <Sidebar path={path} full />
          </aside>
        </div>
      )}
      <div className="flex min-w-0 flex-1 flex-col">
        <header className="sticky top-0 z-30 flex h-13 shrink-0 items-center gap-1.5 border-b border-border bg-surface/95 px-3 backdrop-blur sm:px-5">
          <Button kind="ghost" size="icon" className="md:hidden" aria-label={t('openMenu')} onClick={() => setDrawerOn(path)}>
            <MenuIcon aria-hidden />
          </Button>
          <EnvironmentSwitch />
          <div className="flex-1" />
          <button
            type="button"
            onClick={() => setPalette(true)}
            className="flex h-9 items-center gap-2 rounded-md border border-border bg-background px-2.5 text-soft hover:border-border-strong sm:w-60"
          >
            <Command className="size-4" aria-hidden />
            <span className="hidden flex-1 text-left sm:inline">{t('search')}</span>
            <span className="sr-only sm:hidden">{t('search')}</span>
            <kbd className="hidden rounded border border-border px-1.5 font-sans text-xs sm:inline">Ctrl K</kbd>
          </button>
          <ThemeSwitch />
          <Account onShortcuts={() => setSheet(true)} />
        </header>
        <LineBanner />
        <main id="content" tabIndex={-1} className="min-w-0 flex-1 px-3 py-5 outline-none sm:px-6">
          {children}
        </main>
      </div>
      {palette && <Palette open onOpenChange={setPalette} />}
      {sheet && <ShortcutSheet open onOpenChange={setSheet} />}
    </div>
  );
}

function Brand({ full }: { full?: boolean }) {
  return (
    <Link href="/" className="flex h-13 shrink-0 items-center gap-2.5 px-4 font-semibold">
      <Logo className="size-6 shrink-0" />
      <span className={full ? '' : 'sr-only lg:not-sr-only'}>OpenAutomate</span>
    </Link>
  );
}

function Sidebar({ path, full }: { path: string; full?: boolean }) {
  const t = useTranslations('shell');
  const { data: me } = useMe();
  const here = screenOf(path);
  const environment = useEnvironment();
  const shown = SCREENS.filter((screen) => !screen.permission || !me || may(me, screen.permission, environment));
  return (
    <nav aria-label={t('screens')} className="min-h-0 flex-1 overflow-y-auto px-2 py-2">
      {(['work', 'build', 'admin'] as const).map((group) => (
        <div key={group} className="mb-3 grid gap-0.5">
          <p className={cn('px-2.5 pt-1 pb-1 text-xs font-medium text-soft', full ? '' : 'hidden lg:block')}>{t(`groups.${group}`)}</p>
          {shown
            .filter((screen) => screen.group === group)
            .map((screen) => (
              <SidebarLink key={screen.path} screen={screen} active={screen === here} full={full ?? false} />
            ))}
        </div>
      ))}
    </nav>
  );
}

function SidebarLink({ screen, active, full }: { screen: Screen; active: boolean; full: boolean }) {
  const t = useTranslations('shell');
  const { icon: Icon } = screen;
  return (
    <Link
      href={screen.path}
      aria-current={active ? 'page' : undefined}
      title={full ? undefined : t(`names.${screen.name}`)}
      className={cn(
        'flex h-9 items-center gap-2.5 rounded-md px-2.5 font-medium text-soft hover:bg-muted hover:text-text',
        active && 'bg-accent-soft text-accent hover:bg-accent-soft hover:text-accent',
      )}
    >
      <Icon className="size-4 shrink-0" aria-hidden />
      <span className={full ? '' : 'sr-only lg:not-sr-only'}>{t(`names.${screen.name}`)}</span>
    </Link>
  );
}

function EnvironmentSwitch() {
  const t = useTranslations('shell');
  const { data: environments } = useEnvironments();
  const chosen = useEnvironment();
  const nameOf = useNames(environments);
  const known = environments?.some((one) => one.id === chosen);
  const only = environments?.length === 1 ? environments[0] : undefined;
  useEffect(() => {
    // An environment that is gone, or that is somebody else's: nothing would be found there.
    if (chosen && known === false) setEnvironment('');
  }, [chosen, known]);
  if (only) return <p className="min-w-0 truncate px-1 font-medium">{only.name}</p>;
  return (
    <Menu
      align="start"
      trigger={
        <Button kind="ghost" className="max-w-48 min-w-0 px-2.5 md:-ml-2.5">
          <span className="sr-only">{t('environment')}: </span>
          <span className="truncate">{chosen && known ? nameOf(chosen) : t('allEnvironments')}</span>
          <ChevronsUpDown className="text-soft" aria-hidden />
        </Button>
      }
    >
      <MenuLabel>{t('environment')}</MenuLabel>
      <MenuItem onSelect={() => setEnvironment('')}>{t('allEnvironments')}</MenuItem>
      <MenuLine />
      {environments?.map((one) => (
        <MenuItem key={one.id} onSelect={() => setEnvironment(one.id)}>
          {one.name}
        </MenuItem>
      ))}
    </Menu>
  );
}

function ThemeSwitch() {
  const t = useTranslations('shell');
  const { theme, setTheme } = useTheme();
  const hydrated = useHydrated();
  const Icon = !hydrated || theme === 'system' ? Monitor : theme === 'dark' ? Moon : Sun;
  return (
    <Menu
      trigger={
        <Button kind="ghost" size="icon" aria-label={t('theme')}>
          <Icon aria-hidden />
        </Button>
      }
    >
      <MenuItem onSelect={() => setTheme('light')}>
        <Sun aria-hidden /> {t('light')}
      </MenuItem>
      <MenuItem onSelect={() => setTheme('dark')}>
        <Moon aria-hidden /> {t('dark')}
      </MenuItem>
      <MenuItem onSelect={() => setTheme('system')}>
        <Monitor aria-hidden /> {t('system')}
      </MenuItem>
    </Menu>
  );
}

function Account({ onShortcuts }: { onShortcuts: () => void }) {
  const t = useTranslations('shell');
  const { user } = useSession();
  const go = useGo();
  return (
    <Menu
      trigger={
        <Button kind="ghost" size="icon" aria-label={t('account')}>
          <CircleUserRound aria-hidden />
        </Button>
      }
    >
      <MenuLabel>
        {user?.username} · {user?.roles.join(', ')}
      </MenuLabel>
      <MenuItem onSelect={() => go('/settings')}>
        <CircleUserRound aria-hidden /> {t('profile')}
      </MenuItem>
      <MenuItem onSelect={onShortcuts}>
        <Keyboard aria-hidden /> {t('shortcuts')}
      </MenuItem>
      <MenuLine />
      <MenuItem onSelect={() => void logOut()}>
        <LogOut aria-hidden /> {t('logOut')}
      </MenuItem>
    </Menu>
  );
}

/** What the built pages show until it is known who is there. */
export function ShellSkeleton() {
  return (
    <div className="flex min-h-dvh" aria-busy>
      <div className="hidden h-dvh w-14 shrink-0 border-r border-border bg-surface md:block lg:w-56">
        <Brand />
      </div>
      <div className="flex-1">
        <div className="h-13 border-b border-border bg-surface" />
        <div className="grid gap-4 p-6">
          <Skeleton className="h-7 w-48" />
          <Skeleton className="h-40" />
        </div>
      </div>
    </div>
  );
}
