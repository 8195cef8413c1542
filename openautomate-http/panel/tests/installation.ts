import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** A real server and real agents of this build, with their data in a folder of their own. */

const root = resolve(import.meta.dirname, '../../..');
const binaries = process.env.OPENAUTOMATE_BINARIES ?? join(root, 'target/debug');
const python = process.env.OPENAUTOMATE_TEST_PYTHON ?? join(root, '.venv/bin/python');
const extension = process.env.OPENAUTOMATE_EXTENSION ?? join(binaries, '_openautomate.abi3.so');

/** How long a process may take to come up, in milliseconds. */
const PATIENCE = 60_000;

export class Installation {
  readonly folder = mkdtempSync(join(tmpdir(), 'openautomate-panel-'));
  url = '';
  setupLink = '';
  private server: ChildProcess | undefined;
  /** What the server is told beside where its data is. */
  options: string[] = [];
  private port = 0;
  private readonly agents: ChildProcess[] = [];

  /** Takes a port before the server does, for what must know the address before it runs; gives the address. */
  async takePort(): Promise<string> {
    const holder = createServer();
    await new Promise<void>((done) => holder.listen(0, '127.0.0.1', done));
    this.port = (holder.address() as AddressInfo).port;
    await new Promise((done) => holder.close(done));
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the server; its port stays the same when it is started again. */
  async startServer(): Promise<void> {
    const log = openSync(join(this.folder, 'server.log'), 'a');
    const server = spawn(
      join(binaries, 'openautomate-server'),
      ['serve', '--data-dir', join(this.folder, 'server'), '--listen', `127.0.0.1:${this.port}`, ...this.options],
      { stdio: ['ignore', 'pipe', log], env: clean() },
    );
    closeSync(log);
    this.server = server;
    await new Promise<void>((done, fail) => {
      const late = setTimeout(() => fail(new Error(`the server did not start:\n${this.log('server')}`)), PATIENCE);
      server.once('exit', () => fail(new Error(`the server ended:\n${this.log('server')}`)));
      if (server.stdout) createInterface({ input: server.stdout }).on('line', (line) => {
        const link = /http:\S+\/setup#token=\S+/.exec(line);
        if (link) this.setupLink = link[0];
        const url = /listening on (\S+)/.exec(line);
        if (!url?.[1]) return;
        this.url = url[1];
        this.port = Number(new URL(this.url).port);
        clearTimeout(late);
        server.removeAllListeners('exit');
        done();
      });
    });
  }

  /** Kills the server without warning. */
  async killServer(): Promise<void> {
    await this.endServer('SIGKILL');
  }

  /** Stops the server as an operator does. */
  async stopServer(): Promise<void> {
    await this.endServer('SIGTERM');
  }

  private async endServer(signal: NodeJS.Signals): Promise<void> {
    const server = this.server;
    if (!server || server.exitCode !== null) return;
    const gone = new Promise((done) => server.once('exit', done));
    server.kill(signal);
    await gone;
  }

  /** Enrols an agent by the token that the panel showed, and starts it; with a release key it takes updates. */
  startAgent(token: string, name: string, releaseKey?: string): void {
    this.enrolAgent(token, name);
    this.runAgent(name, releaseKey ? { OPENAUTOMATE_AGENT_RELEASE_KEYS: releaseKey } : {});
  }

  /** Enrols an agent and runs it with a copy of itself, as on two machines with one disk; gives what stops the copy. */
  startTwins(token: string, name: string, machines: [string, string]): () => Promise<void> {
    this.enrolAgent(token, name);
    const copy = `${name}-copy`;
    cpSync(join(this.folder, name), join(this.folder, copy), { recursive: true });
    this.runAgent(name, { COMPUTERNAME: machines[0] });
    const twin = this.runAgent(copy, { COMPUTERNAME: machines[1] });
    return () => ended(twin);
  }

  private enrolAgent(token: string, name: string): void {
    execFileSync(join(binaries, 'openautomate-agent'), ['enrol', '--server', this.url, '--name', name, '--data-dir', join(this.folder, name)], {
      env: { ...clean(), OPENAUTOMATE_ENROLMENT_TOKEN: token },
    });
  }

  private runAgent(name: string, settings: Record<string, string>): ChildProcess {
    const data = join(this.folder, name);
    const log = openSync(join(this.folder, `${name}.log`), 'a');
    const agent = spawn(join(binaries, 'openautomate-agent'), ['run', '--data-dir', data, '--slots', '2', '--python', python], {
      stdio: ['ignore', log, log],
      env: { ...clean(), OPENAUTOMATE_AGENT_EXTENSION: extension, ...settings },
    });
    closeSync(log);
    this.agents.push(agent);
    return agent;
  }

  /** The zip of a package folder of the examples, as `run.py` packs it; of another version if one is given. */
  pack(example: string, version?: string): string {
    const target = join(this.folder, `${example}${version ?? ''}.zip`);
    let source = join(root, 'examples/automations', example);
    if (version) {
      const copy = join(this.folder, `${example}-${version}`);
      cpSync(source, copy, { recursive: true });
      source = copy;
      const manifest = join(copy, 'pyproject.toml');
      writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^version = .*$/m, `version = "${version}"`).replace('minimum = 1 }', 'minimum = 1, maximum = 500 }'));
    }
    return this.zip(source, target);
  }

  /** The zip of a package folder, as `run.py` packs it. */
  zip(source: string, target: string): string {
    const script = 'import sys; sys.path.insert(0, sys.argv[1]); from installation import pack; from pathlib import Path; Path(sys.argv[3]).write_bytes(pack(Path(sys.argv[2])))';
    execFileSync(python, ['-c', script, join(root, 'examples/main_job'), source, target]);
    return target;
  }

  /** The zip of a package of these files. */
  write(name: string, files: Record<string, string>): string {
    const source = join(this.folder, name);
    mkdirSync(source);
    for (const [path, text] of Object.entries(files)) writeFileSync(join(source, path), text);
    return this.zip(source, join(this.folder, `${name}.zip`));
  }

  /** The SQLite file of the server. */
  database(): string {
    const found = readdirSync(join(this.folder, 'server')).find((name) => /\.(db|sqlite3?)$/.test(name));
    if (!found) throw new Error(`there is no database in ${this.folder}/server`);
    return join(this.folder, 'server', found);
  }

  /** The public half of a new release key, and what `release sign` prints of a program. */
  signRelease(version: string, program: string): { key: string; signed: string } {
    const agent = join(binaries, 'openautomate-agent');
    const file = join(this.folder, 'release.key');
    const run = (...options: string[]) => execFileSync(agent, ['release', ...options], { env: clean(), encoding: 'utf8' });
    return { key: run('keygen', '--key', file).trim(), signed: run('sign', '--key', file, '--version', version, program) };
  }

  /** Runs a text of Python; what it prints. */
  python(text: string, ...options: string[]): string {
    return execFileSync(python, ['-c', text, ...options], { encoding: 'utf8' });
  }

  log(name: string): string {
    try {
      return readFileSync(join(this.folder, `${name}.log`), 'utf8').split('\n').slice(-15).join('\n');
    } catch {
      return '';
    }
  }

  async stop(): Promise<void> {
    for (const process of [...this.agents, this.server]) if (process) await ended(process);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Asks a process to end, and makes it end if it does not. */
async function ended(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const gone = new Promise((done) => process.once('exit', done));
  process.kill('SIGTERM');
  const late = setTimeout(() => process.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(late);
}

/** Settings of whoever runs the tests are none of theirs. */
function clean(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OPENAUTOMATE_'))) as NodeJS.ProcessEnv;
}
