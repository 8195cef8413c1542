import type { TriggerSource } from '@/api/types';

/** The form of a trigger's source, as texts that fields hold. */

export const KINDS = ['webhook', 'executionFinished', 'workQueue', 'fileArrival'] as const;
export type Kind = (typeof KINDS)[number];

export interface SourceDraft {
  kind: Kind;
  style: 'timestamped' | 'github';
  packageId: string;
  on: 'success' | 'failure' | 'any';
  queueId: string;
  minItems: string;
  perExecution: string;
  maxRunning: string;
  pauseSeconds: string;
  ageSeconds: string;
  where: 'agent' | 'label' | 'pool';
  agentId: string;
  label: string;
  poolId: string;
  folder: string;
  pattern: string;
  after: 'leave' | 'move' | 'remove';
  pass: 'file' | 'path';
  existing: boolean;
}

const NEW: SourceDraft = {
  kind: 'webhook',
  style: 'timestamped',
  packageId: '',
  on: 'success',
  queueId: '',
  minItems: '1',
  perExecution: '',
  maxRunning: '1',
  pauseSeconds: '0',
  ageSeconds: '',
  where: 'agent',
  agentId: '',
  label: '',
  poolId: '',
  folder: '',
  pattern: '*',
  after: 'leave',
  pass: 'file',
  existing: false,
};

const seconds = (ms: number | null | undefined) => (ms === null || ms === undefined ? '' : String(ms / 1_000));
const text = (count: number | null | undefined) => (count === null || count === undefined ? '' : String(count));

/** What the form shows of a source; of a new one without it. */
export function draftOf(source: TriggerSource | undefined): SourceDraft {
  switch (source?.kind) {
    case 'webhook':
      return { ...NEW, kind: 'webhook', style: source.style ?? NEW.style };
    case 'executionFinished':
      return { ...NEW, kind: 'executionFinished', packageId: source.packageId, on: source.on ?? NEW.on };
    case 'workQueue':
      return {
        ...NEW,
        kind: 'workQueue',
        queueId: source.queueId,
        minItems: text(source.minItems ?? 1),
        perExecution: text(source.itemsPerExecution),
        maxRunning: text(source.maxRunning ?? 1),
        pauseSeconds: seconds(source.minPauseMs ?? 0),
        ageSeconds: seconds(source.maxAgeMs),
      };
    case 'fileArrival':
      return {
        ...NEW,
        kind: 'fileArrival',
        where: source.poolId ? 'pool' : source.label ? 'label' : 'agent',
        agentId: source.agentId ?? '',
        label: source.label ?? '',
        poolId: source.poolId ?? '',
        folder: source.folder,
        pattern: source.pattern ?? NEW.pattern,
        after: source.after ?? NEW.after,
        pass: source.pass ?? NEW.pass,
        existing: source.includeExisting ?? false,
      };
    default:
      return NEW;
  }
}

/** The source of a form; nothing while something is missing. What the form does not show stays as it was. */
export function sourceOf(draft: SourceDraft, before?: TriggerSource): TriggerSource | undefined {
  const count = (value: string) => (value.trim() === '' ? {} : Number(value));
  const has = (value: string) => value.trim() !== '' && Number.isFinite(Number(value));
  switch (draft.kind) {
    case 'webhook':
      return { kind: 'webhook', style: draft.style };
    case 'executionFinished':
      return draft.packageId ? { kind: 'executionFinished', packageId: draft.packageId, on: draft.on } : undefined;
    case 'workQueue':
      if (!draft.queueId || !has(draft.minItems) || !has(draft.maxRunning)) return undefined;
      return {
        kind: 'workQueue',
        queueId: draft.queueId,
        minItems: count(draft.minItems) as number,
        maxRunning: count(draft.maxRunning) as number,
        minPauseMs: Math.round(Number(draft.pauseSeconds || 0) * 1_000),
        ...(has(draft.perExecution) ? { itemsPerExecution: Number(draft.perExecution) } : {}),
        ...(has(draft.ageSeconds) ? { maxAgeMs: Math.round(Number(draft.ageSeconds) * 1_000) } : {}),
      };
    case 'fileArrival': {
      const place = draft.where === 'agent' ? { agentId: draft.agentId } : draft.where === 'pool' ? { poolId: draft.poolId } : { label: draft.label.trim() };
      if (Object.values(place)[0] === '' || !draft.folder.trim()) return undefined;
      const kept = before?.kind === 'fileArrival' ? { maxBytes: before.maxBytes, maxPerHour: before.maxPerHour, settleMs: before.settleMs } : {};
      return {
        kind: 'fileArrival',
        ...Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== null && value !== undefined)),
        ...place,
        folder: draft.folder.trim(),
        pattern: draft.pattern.trim() || '*',
        after: draft.after,
        pass: draft.pass,
        includeExisting: draft.existing,
      };
    }
  }
}

/** A JSON object of a text, `{}` of an empty one; nothing for what is none. */
export function objectOf(value: string): Record<string, unknown> | undefined {
  if (value.trim() === '') return {};
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
