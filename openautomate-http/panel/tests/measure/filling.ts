import { readFileSync } from 'node:fs';
import type { Installation } from '../installation';

/** What is measured is made here: an automation that prints, and many executions. */

export const AUTOMATION = {
  'pyproject.toml': `[project]
name = "measured"
version = "1.0.0"
description = "Prints many lines, or when it prints them."
requires-python = ">=3.10"
dependencies = []

[tool.openautomate]
entrypoint = "measured:run"
timeout = "30m"
retries = 0
`,
  'measured.py': `"""Prints many lines, or when it prints them."""

import time


def run(lines: int = 0, ticks: int = 0, pause: float = 0.1) -> None:
    for number in range(lines):
        print(f"{number:06d} booked invoice {number * 7919 % 100003} of customer {number % 977} to account {number % 31}")
    for _ in range(ticks):
        print(f"clock {time.time_ns()}", flush=True)
        time.sleep(pause)
`,
};

/** Copies the rows of an execution that succeeded, each with an id and times of its own, over the thirty days before. */
const COPY = `
import os, sqlite3, sys
path, source, count = sys.argv[1], bytes.fromhex(sys.argv[2].replace("-", "")), int(sys.argv[3])
database = sqlite3.connect(path)
database.row_factory = sqlite3.Row
database.execute("PRAGMA foreign_keys = OFF")
# Of rows that the server wrote; the SQLite of an older Python knows fewer functions.
database.execute("PRAGMA ignore_check_constraints = ON")
execution = dict(database.execute("SELECT * FROM executions WHERE id = ?", (source,)).fetchone())
attempt = dict(database.execute("SELECT * FROM attempts WHERE execution_id = ?", (source,)).fetchone())
at = execution["created_at"]
unit = 1_000_000 if at > 10**14 else 1_000
step = 30 * 86_400 * unit // count
moved = {"created_at", "started_at", "ended_at", "run_at", "assigned_at"}

def insert(table, row):
    names = ", ".join(row)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join(':' + name for name in row)})"

def copies(row):
    for number in range(1, count + 1):
        back = number * step
        ms = (at - back) * 1_000 // unit
        made = ms.to_bytes(6, "big") + bytes([0x70 | number >> 20 & 15, number >> 12 & 255, 0x80 | number >> 6 & 63, number & 255]) + number.to_bytes(6, "big")
        changed = {name: value - back if name in moved and value is not None else value for name, value in row.items()}
        if "state" in row:
            changed["state"] = ("failed" if row is attempt else "Failed") if number % 20 == 0 else row["state"]
        changed["id" if row is execution else "execution_id"] = made
        yield changed

with database:
    database.executemany(insert("executions", execution), copies(execution))
    database.executemany(insert("attempts", attempt), copies(attempt))
    for table in ("executions", "attempts"):
        database.execute(f"ANALYZE {table}")
print(database.execute("SELECT count(*) FROM executions").fetchone()[0])
`;

/** Writes executions straight into the database of a server that is stopped; how many there are then. */
export function fill(place: Installation, source: string, count: number): number {
  return Number(place.python(COPY, place.database(), source, String(count)));
}

/** Somebody who uses the API. */
export class Caller {
  private token = '';

  constructor(
    private readonly url: string,
    private readonly username: string,
    private readonly password: string,
  ) {}

  async register(invitationToken: string): Promise<void> {
    await this.send('POST', '/api/auth/register', { username: this.username, email: `${this.username}@example.org`, password: this.password, invitationToken });
    await this.logIn();
  }

  private async logIn(): Promise<void> {
    const { accessToken } = await this.send<{ accessToken: string }>('POST', '/api/auth/login', { username: this.username, password: this.password });
    this.token = accessToken;
  }

  get<T>(path: string): Promise<T> {
    return this.send<T>('GET', path);
  }

  post<T>(path: string, body: object): Promise<T> {
    return this.send<T>('POST', path, body);
  }

  /** Makes a package of an archive; its id. */
  async publish(name: string, archive: string): Promise<string> {
    const { id } = await this.post<{ id: string }>('/api/packages', { name, description: '' });
    await this.send('POST', `/api/packages/${id}/versions`, new Uint8Array(readFileSync(archive)));
    return id;
  }

  /** Runs a package until it has succeeded; the execution's id. */
  async run(packageId: string, inputs: object): Promise<string> {
    const { id } = await this.post<{ id: string }>('/api/executions', { packageId, inputs });
    for (;;) {
      const { state } = await this.get<{ state: string }>(`/api/executions/${id}`);
      if (state === 'Succeeded') return id;
      if (['Failed', 'Cancelled', 'TimedOut'].includes(state)) throw new Error(`the execution ${id} ended as ${state}`);
      await new Promise((done) => setTimeout(done, 200));
    }
  }

  private async send<T>(method: string, path: string, body?: object): Promise<T> {
    const isArchive = body instanceof Uint8Array;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        ...(body ? { 'content-type': isArchive ? 'application/zip' : 'application/json' } : {}),
      },
      ...(body ? { body: isArchive ? new Blob([new Uint8Array(body)]) : JSON.stringify(body) } : {}),
    });
    if (response.status === 401 && this.token) {
      this.token = '';
      await this.logIn();
      return this.send<T>(method, path, body);
    }
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
}
