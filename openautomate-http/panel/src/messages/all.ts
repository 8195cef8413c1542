import type agent from './en/agent.json';
import type agents from './en/agents.json';
import type apiKeys from './en/apiKeys.json';
import type approvals from './en/approvals.json';
import type artifacts from './en/artifacts.json';
import type assets from './en/assets.json';
import type attempts from './en/attempts.json';
import type audit from './en/audit.json';
import type authenticator from './en/authenticator.json';
import type buckets from './en/buckets.json';
import type common from './en/common.json';
import type compare from './en/compare.json';
import type dashboard from './en/dashboard.json';
import type enrol from './en/enrol.json';
import type errors from './en/errors.json';
import type execution from './en/execution.json';
import type executions from './en/executions.json';
import type external from './en/external.json';
import type log from './en/log.json';
import type origins from './en/origins.json';
import type packageDetail from './en/package-detail.json';
import type packages from './en/packages.json';
import type permissions from './en/permissions.json';
import type queues from './en/queues.json';
import type roles from './en/roles.json';
import type run from './en/run.json';
import type schedules from './en/schedules.json';
import type session from './en/session.json';
import type sessions from './en/sessions.json';
import type settings from './en/settings.json';
import type shell from './en/shell.json';
import type states from './en/states.json';
import type triggers from './en/triggers.json';
import type updates from './en/updates.json';
import type upload from './en/upload.json';
import type users from './en/users.json';

/**
 * The texts of the screens that were loaded: each namespace is a module of its own that adds its texts here, so that a
 * screen brings its own and no other's. Whoever calls `useTranslations('agents')` imports `@/messages/agents`.
 */

export interface Messages {
  agent: typeof agent;
  agents: typeof agents;
  apiKeys: typeof apiKeys;
  approvals: typeof approvals;
  artifacts: typeof artifacts;
  assets: typeof assets;
  attempts: typeof attempts;
  audit: typeof audit;
  authenticator: typeof authenticator;
  buckets: typeof buckets;
  common: typeof common;
  compare: typeof compare;
  dashboard: typeof dashboard;
  enrol: typeof enrol;
  errors: typeof errors;
  execution: typeof execution;
  executions: typeof executions;
  external: typeof external;
  log: typeof log;
  origins: typeof origins;
  package: typeof packageDetail;
  packages: typeof packages;
  permissions: typeof permissions;
  queues: typeof queues;
  roles: typeof roles;
  run: typeof run;
  schedules: typeof schedules;
  session: typeof session;
  sessions: typeof sessions;
  settings: typeof settings;
  shell: typeof shell;
  states: typeof states;
  triggers: typeof triggers;
  updates: typeof updates;
  upload: typeof upload;
  users: typeof users;
}

/** What is known so far; use-intl looks into it when a component asks, so that it may grow. */
export const messages = {} as Messages;

/** Makes the texts of a namespace known. */
export function add(more: Partial<Messages>): void {
  Object.assign(messages, more);
}
