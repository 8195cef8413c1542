import type { Permission } from '@/api/types';

export const TOPICS = ['executions', 'packages', 'schedules', 'triggers', 'queues', 'buckets', 'assets', 'agents', 'environments', 'administration'] as const;
export type Topic = (typeof TOPICS)[number];

/** What each permission is about; one that the server adds has to be put here before the panel builds. */
const TOPIC: Record<Permission, Topic> = {
  ReadExecutions: 'executions',
  RunExecutions: 'executions',
  CancelExecutions: 'executions',
  AnswerApprovals: 'executions',
  ReadPackages: 'packages',
  DownloadPackages: 'packages',
  WritePackages: 'packages',
  DeployVersions: 'packages',
  DeletePackages: 'packages',
  ReadSchedules: 'schedules',
  WriteSchedules: 'schedules',
  ManageCalendars: 'schedules',
  ReadTriggers: 'triggers',
  WriteTriggers: 'triggers',
  ReadQueues: 'queues',
  WriteWorkItems: 'queues',
  WriteQueues: 'queues',
  ReadObjects: 'buckets',
  WriteObjects: 'buckets',
  ManageBuckets: 'buckets',
  ReadAssets: 'assets',
  WriteAssets: 'assets',
  ReadAgents: 'agents',
  ManageAgents: 'agents',
  EnrolAgents: 'agents',
  ManageReleases: 'agents',
  ReadEnvironments: 'environments',
  PauseEnvironments: 'environments',
  ManageEnvironments: 'environments',
  ReadSettings: 'administration',
  ReadAudit: 'administration',
  ManageUsers: 'administration',
};

const ORDER = Object.keys(TOPIC) as Permission[];

/** The permissions by topic, from seeing to managing; topics without any are left out. */
export function byTopic(permissions: readonly Permission[]): [Topic, Permission[]][] {
  const sorted = [...permissions].sort((one, other) => ORDER.indexOf(one) - ORDER.indexOf(other));
  return TOPICS.map((topic): [Topic, Permission[]] => [topic, sorted.filter((one) => TOPIC[one] === topic)]).filter(([, some]) => some.length > 0);
}

/** The choice after a click on the name of a topic: all of it, or none if all of it was chosen. */
export function toggled(chosen: readonly Permission[], some: readonly Permission[]): Permission[] {
  const others = chosen.filter((one) => !some.includes(one));
  return some.every((one) => chosen.includes(one)) ? others : [...others, ...some];
}
