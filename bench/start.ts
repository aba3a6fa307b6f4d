/** From the start of `foretick up` on a fresh directory to the first prediction that its HTTP interface answers. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { CLI, ROOT } from './paths.ts';

export interface StartRun {
  /** When `up` said that it runs. */
  readonly ready: Moment;
  /** The first record of a prediction, abstaining or not. */
  readonly first: Moment;
  /** The first with probabilities: the recording plays at its own pace, and features need 10 s of it to be warm. */
  readonly scored: Moment | null;
}

/** Seconds since the process was started. */
export interface Moment {
  readonly wall: number;
  readonly cpu: number;
}

const PATIENCE_MS = 60_000;
/** Linux counts process time in hundredths of a second. */
const TICKS_A_SECOND = 100;

export async function startToPrediction(waitForScored: boolean): Promise<StartRun> {
  const directory = mkdtempSync(join(tmpdir(), 'foretick-bench-'));
  const started = performance.now();
  const args = [CLI, 'up', '--data', join(directory, 'data'), '--http-port', '0', '--grpc-port', '0', '--json'];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const now = (): Moment => ({ wall: (performance.now() - started) / 1e3, cpu: cpuSeconds(child.pid!) });
  try {
    const { http } = await announcement(child);
    const ready = now();
    const first = await poll(http, 10, () => true, now);
    const scored = waitForScored ? await poll(http, 200, ({ abstained }) => abstained === '', now) : null;
    return { ready, first, scored };
  } finally {
    await end(child);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function announcement(child: ChildProcess): Promise<{ http: string }> {
  const lines = createInterface({ input: child.stdout! });
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const [line] = (await Promise.race([
    once(lines, 'line', { signal: patience }),
    once(child, 'exit', { signal: patience }).then(([code]) => {
      throw new Error(`foretick up ended with ${String(code)}`);
    }),
  ])) as [string];
  return JSON.parse(line) as { http: string };
}

interface Served {
  readonly abstained: string;
}

async function poll(http: string, everyMs: number, wanted: (prediction: Served) => boolean, now: () => Moment): Promise<Moment> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const response = await fetch(`${http}/v1/predictions?limit=1`);
    const { predictions } = (await response.json()) as { predictions?: Served[] };
    if (predictions?.some(wanted) === true) return now();
    await sleep(everyMs);
  }
  throw new Error(`no prediction within ${PATIENCE_MS / 1e3} s`);
}

/** User and system time of a process, with its threads. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(killer);
}
