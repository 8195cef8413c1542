import {
  Activity,
  Bot,
  CalendarClock,
  CircleCheckBig,
  FolderOpen,
  KeyRound,
  LayoutDashboard,
  ListChecks,
  Package,
  ScrollText,
  Settings,
  Users,
  Webhook,
  type LucideIcon,
} from 'lucide-react';
import type { Permission } from '@/api/types';

/** The screens, in the order of the sidebar. */
export interface Screen {
  path: string;
  name:
    | 'dashboard'
    | 'executions'
    | 'packages'
    | 'schedules'
    | 'agents'
    | 'queues'
    | 'triggers'
    | 'approvals'
    | 'buckets'
    | 'assets'
    | 'users'
    | 'audit'
    | 'settings';
  icon: LucideIcon;
  /** Who may see it. */
  permission?: Permission;
  /** Typed after `g`. */
  key: string;
  group: 'work' | 'build' | 'admin';
}

export const SCREENS: Screen[] = [
  { path: '/', name: 'dashboard', icon: LayoutDashboard, key: 'd', group: 'work' },
  { path: '/executions', name: 'executions', icon: Activity, permission: 'ReadExecutions', key: 'e', group: 'work' },
  { path: '/approvals', name: 'approvals', icon: CircleCheckBig, permission: 'ReadExecutions', key: 'o', group: 'work' },
  { path: '/agents', name: 'agents', icon: Bot, permission: 'ReadAgents', key: 'a', group: 'work' },
  { path: '/packages', name: 'packages', icon: Package, permission: 'ReadPackages', key: 'p', group: 'build' },
  { path: '/schedules', name: 'schedules', icon: CalendarClock, permission: 'ReadSchedules', key: 's', group: 'build' },
  { path: '/triggers', name: 'triggers', icon: Webhook, permission: 'ReadTriggers', key: 't', group: 'build' },
  { path: '/queues', name: 'queues', icon: ListChecks, permission: 'ReadQueues', key: 'q', group: 'build' },
  { path: '/buckets', name: 'buckets', icon: FolderOpen, permission: 'ReadObjects', key: 'b', group: 'build' },
  { path: '/assets', name: 'assets', icon: KeyRound, permission: 'ReadAssets', key: 'k', group: 'build' },
  { path: '/users', name: 'users', icon: Users, permission: 'ManageUsers', key: 'u', group: 'admin' },
  { path: '/audit', name: 'audit', icon: ScrollText, permission: 'ReadAudit', key: 'l', group: 'admin' },
  { path: '/settings', name: 'settings', icon: Settings, key: ',', group: 'admin' },
];

/** The screen that a path belongs to. */
export function screenOf(path: string): Screen | undefined {
  return SCREENS.find((screen) => (screen.path === '/' ? path === '/' : path === screen.path || path.startsWith(`${screen.path}/`)));
}
