/** River, the Python library for online learning, on the first ticks of W1: in a venv that the benchmark makes for itself. */
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { decodeTicks } from '#proto';

import { CACHE, RIVER_SCRIPT, VENV } from './paths.ts';
import { TICK_HEADERS, loadTicks, type TickFile } from './ticks.ts';

const exec = promisify(execFile);
const RIVER = 'river==0.26.1';
const PYTHON = join(VENV, 'bin', 'python');

export interface RiverRun {
  readonly cpu: number;
  readonly wall: number;
  readonly answer: number;
  readonly ticks: number;
}

/** Answers a repetition of River's run, or why there is none. */
export async function prepareRiver(file: TickFile, ticks: number): Promise<(() => Promise<RiverRun>) | string> {
  try {
    if (!(await works())) await install();
  } catch (error) {
    return `River: ${firstLine(error)}`;
  }
  const path = join(CACHE, `river-${ticks}.csv`);
  writeFileSync(path, csv(file, ticks));
  return async () => {
    const { stdout } = await exec(PYTHON, [RIVER_SCRIPT, path]);
    return JSON.parse(stdout) as RiverRun;
  };
}

/** An interpreter with River and these: that of FORETICK_BENCH_PYTHON, or one in a venv made for it. */
export async function preparePython(packages: readonly string[]): Promise<{ readonly path: string }> {
  const given = process.env['FORETICK_BENCH_PYTHON'];
  if (given !== undefined) return { path: given };
  if (!(await works())) await install();
  await pip(packages);
  return { path: PYTHON };
}

async function works(): Promise<boolean> {
  if (!existsSync(PYTHON)) return false;
  try {
    await exec(PYTHON, ['-c', 'import river']);
    return true;
  } catch {
    return false; // Left half-made by an interrupted run: made again.
  }
}

async function install(): Promise<void> {
  await exec('python3', ['-m', 'venv', '--clear', VENV], { timeout: 120_000 });
  await pip([RIVER]);
}

async function pip(packages: readonly string[]): Promise<void> {
  await exec(PYTHON, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages], { timeout: 300_000 });
}

function firstLine(error: unknown): string {
  const { message } = error as Error;
  return message.split('\n').find((line) => line.startsWith('ERROR')) ?? message.split('\n')[0]!;
}

function csv(file: TickFile, count: number): string {
  const lines: string[] = [];
  for (const value of loadTicks(file).values) {
    const { length, eventTime, bid, ask } = decodeTicks({ value, headers: TICK_HEADERS });
    for (let i = 0; i < length && lines.length < count; i++) lines.push(`${eventTime[i]!},${bid[i]!},${ask[i]!}`);
    if (lines.length === count) break;
  }
  return lines.join('\n');
}
