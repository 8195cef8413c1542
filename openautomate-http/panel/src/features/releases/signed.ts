import type { AgentRelease } from '@/api/types';

/** What `openautomate-agent release sign` printed, and which of the chosen files are its programs. */

export interface Program {
  /** As in `x86_64-unknown-linux-gnu`. */
  target: string;
  name: string;
  /** In bytes. */
  size: number;
  sha256: string;
}

export interface SignedRelease {
  /** To the byte, as the signature is over it. */
  manifest: string;
  signature: AgentRelease['signature'];
  version: string;
  programs: Program[];
}

type Loose = Record<string, unknown>;

const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value);

function objectIn(text: unknown): Loose | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The programs that a manifest names, by target; none of what is no manifest. */
export function programsOf(manifest: string): Program[] {
  const targets = objectIn(manifest)?.targets;
  if (!isObject(targets)) return [];
  return Object.entries(targets).flatMap(([target, file]) =>
    isObject(file) && typeof file.name === 'string' && typeof file.size === 'number' && typeof file.sha256 === 'string'
      ? [{ target, name: file.name, size: file.size, sha256: file.sha256 }]
      : [],
  );
}

/** Reads a signed release; nothing of a text that is none. The server checks it in earnest. */
export function signedOf(text: string): SignedRelease | undefined {
  const outer = objectIn(text);
  const { manifest, signature } = outer ?? {};
  const version = objectIn(manifest)?.version;
  if (typeof manifest !== 'string' || !isObject(signature) || typeof version !== 'string') return undefined;
  const { key, signature: made } = signature;
  const programs = programsOf(manifest);
  if (typeof key !== 'string' || typeof made !== 'string' || programs.length === 0) return undefined;
  return { manifest, signature: { key, signature: made }, version, programs };
}

/** The program that a file may be: of its name and size, else of its size alone. */
export function programFor(file: { name: string; size: number }, programs: Program[]): Program | undefined {
  const sized = programs.filter((one) => one.size === file.size);
  return sized.find((one) => one.name === file.name) ?? sized[0];
}
