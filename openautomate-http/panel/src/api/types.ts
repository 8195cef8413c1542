import type { components } from './schema';

type Schemas = components['schemas'];

export type Agent = Schemas['Agent'];
export type AgentPool = Schemas['AgentPool'];
export type AgentRelease = Schemas['AgentRelease'];
export type AgentRollout = Schemas['AgentRollout'];
export type AgentUpdate = Schemas['AgentUpdate'];
export type Approval = Schemas['Approval'];
export type Artifact = Schemas['Artifact'];
export type Asset = Schemas['Asset'];
export type Attempt = Schemas['Attempt'];
export type AuditEntry = Schemas['AuditEntry'];
export type Bucket = Schemas['Bucket'];
export type BucketObject = Schemas['BucketObject'];
export type Environment = Schemas['Environment'];
export type Execution = Schemas['Execution'];
export type ExecutionState = Schemas['ExecutionState'];
export type ExecutionSummary = Schemas['ExecutionSummary'];
export type LogLevel = Schemas['LogLevel'];
export type LogLine = Schemas['LogLine'];
export type Me = Schemas['MeView'];
export type Package = Schemas['Package'];
export type PackageVersion = Schemas['PackageVersion'];
export type Problem = Schemas['Problem'];
export type Progress = Schemas['Progress'];
export type QueueRequest = Schemas['QueueRequest'];
export type Role = Schemas['Role'];
export type Rollout = Schemas['Rollout'];
export type Schedule = Schemas['Schedule'];
export type SchedulePreview = Schemas['SchedulePreview'];
export type ScheduleRequest = Schemas['ScheduleRequest'];
export type Session = Schemas['SessionView'];
export type User = Schemas['User'];
export type WorkItem = Schemas['WorkItem'];
export type WorkItemSummary = Schemas['WorkItemSummary'];
export type WorkQueue = Schemas['WorkQueue'];

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;
/** The document writes the fields of these kinds with underlines; the server does not. */
type Camelled<T> = T extends object ? { [Name in keyof T as Camel<Name & string>]: T[Name] } : T;

export type TriggerSource = Camelled<Schemas['TriggerSource']>;
export type TriggerHold = Camelled<Schemas['TriggerHold']>;
export type Trigger = Omit<Schemas['Trigger'], 'source'> & { source: TriggerSource };
export type TriggerRequest = Omit<Schemas['TriggerRequest'], 'source'> & { source: TriggerSource };
