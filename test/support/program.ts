/** Programs run by tests: the built command line, and children of the tests themselves. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from './recording.ts';

export const MAIN = join(ROOT, 'dist/app/main.js');

/** Path of a built child program of ours, `test/…` without its ending. */
export function builtChild(name: string): string {
  const path = join(ROOT, 'dist', `${name}.js`);
  if (!existsSync(path)) throw new Error(`${path} is not built: npm run build`);
  return path;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly nodeOptions?: readonly string[];
}

const running = new Set<ChildProcess>();

/** Starts `node script …`; `endAll` ends what still runs. */
export function start(script: string, args: readonly string[], { env, cwd = ROOT, nodeOptions = [] }: StartOptions = {}): Program {
  const child = spawn(process.execPath, [...nodeOptions, script, ...args], {
    cwd,
    env: { ...inherited(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { child, ended, stdout: () => stdout, stderr: () => stderr, kill: (signal) => { child.kill(signal); } };
}

/** FORETICK_* are settings of the command line, which refuses unknown ones: those of the tests are none of its. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FORETICK_TEST_')));
}

/** The command line, run to its end. */
export function foretick(args: readonly string[], options?: StartOptions): Promise<Ended> {
  return start(MAIN, args, options).ended;
}

/** Ends what a failed test left behind. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Waits for `check` to give something; fails with `what` after `ms`. */
export async function eventually<T>(what: string, check: () => T | undefined | Promise<T | undefined>, ms = 20_000): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const found = await check();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await pause(20);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
