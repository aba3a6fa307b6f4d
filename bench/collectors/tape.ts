/** Frames of a source, in order: of a real feed where the recording is, else heard from the vendor's stand-in. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

import { createLimits, createNetwork, systemClock, type Network } from '#collectors';

import { fastClock } from '../../test/vendors/kit/clock.ts';
import { StandIn } from '../../test/vendors/kit/stand-in.ts';
import { ROOT } from '../paths.ts';
import { sourceOf } from './environment.ts';
import type { CollectorBench, Data } from './sources.ts';

export interface TapeFrame {
  /** Which connection, in the order in which they were opened. */
  readonly connection: number;
  /** Milliseconds. */
  readonly at: number;
  readonly data: Data;
}

/** What a vendor answered to requests. */
export interface TapeAnswer {
  readonly at: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Tape {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly instruments: readonly string[];
  readonly frames: readonly TapeFrame[];
  /** Of a source that asks; then there are no frames. */
  readonly answers: readonly TapeAnswer[];
  /** Frames or answers until it was connected: greetings, confirmations, what is sent on subscribing. */
  readonly setUp: number;
}

/** Slower than in tests: what vendors do by the minute must not come in between. */
const FACTOR = 5;
/** Those that are asked may be asked a few times a minute only. */
const FACTOR_ASKED = 60;
/** Things that happen before those who listen have their turn. */
const PORTION = 25;
/** Between two answers, and how many are enough: vendors cap them by the hour. */
const AN_ANSWER = 300;
const ANSWERS = 12;
const PATIENCE_MS = 60_000;

/** Null where the recording is absent. */
export function recordedTape({ recording }: CollectorBench): Tape | null {
  if (!recording) return null;
  const file = join(ROOT, '..', 'shared', 'data', 'tests-only', recording.file);
  if (!existsSync(file)) return null;
  const frames = gunzipSync(readFileSync(file)).toString('utf8').split('\n').flatMap((line) => {
    const match = /^(\d+\.\d+): (.*)$/.exec(line);
    return match ? [{ connection: 0, at: Number(match[1]) * 1000, data: match[2]! }] : [];
  });
  return { settings: recording.settings, instruments: recording.instruments, frames, answers: [], setUp: 0 };
}

/** @param items that happen at the vendor */
export async function standInTape(bench: CollectorBench, items: number): Promise<Tape> {
  const polled = new StandIn({ clock: systemClock, seed: 1, vendor: bench.vendor }).vendor.polled === true;
  const clock = fastClock(polled ? FACTOR_ASKED : FACTOR);
  const standIn = new StandIn({ clock, seed: 1, vendor: bench.vendor });
  await standIn.start();
  const outside = createNetwork({ lookup: standIn.lookup });
  const frames: TapeFrame[] = [];
  const answers: TapeAnswer[] = [];
  let connections = 0;
  const network: Network = {
    open(transport, options) {
      const connection = connections++;
      return outside.open(transport, {
        ...options,
        onFrame: (data) => {
          frames.push({ connection, at: clock.now(), data });
          options.onFrame(data);
        },
      });
    },
    agent: {
      request: (async (options: Parameters<Network['agent']['request']>[0]) => {
        const answer = await outside.agent.request(options);
        const body = Buffer.from(await answer.body.arrayBuffer());
        answers.push({ at: clock.now(), status: answer.statusCode, headers: answer.headers, body });
        return { ...answer, body: [body] };
      }) as unknown as Network['agent']['request'],
    },
    close: () => outside.close(),
  };
  const instruments = standIn.vendor.symbols;
  const settings = standIn.vendor.settings(standIn.address);
  const source = sourceOf(bench, { clock, network, limits: createLimits(clock), settings, instruments });
  const ending = new AbortController();
  let connected = false;
  const running = source.run({
    cursor: null,
    signal: ending.signal,
    emit: () => Promise.resolve(),
    reject: ({ message }) => { throw new Error(`${bench.name}: a frame of the stand-in was rejected: ${message}`); },
    cursors: () => Promise.resolve(new Map()),
    observe: ({ type }) => { connected ||= type === 'connected'; },
  });
  try {
    await until(() => connected, `${bench.name} is connected`);
    const setUp = polled ? answers.length : frames.length;
    for (let done = 0; done < (polled ? Math.min(items, ANSWERS * AN_ANSWER) : items); done += PORTION) {
      for (let i = 0; i < PORTION; i++) standIn.happen();
      const before = answers.length;
      if (polled && done % AN_ANSWER === 0) await until(() => answers.length > before, 'it is asked');
      else await delay(0);
    }
    await until(() => polled || frames.length - setUp > items / 4, 'what happened was heard').catch(() => undefined);
    await delay(200);
    if (connections > 1 && frames.some(({ connection }) => connection > 0)) throw new Error(`${bench.name}: the stand-in was connected to more than once`);
    // What streams fetch besides is not part of it.
    return { settings, instruments, frames: polled ? [] : frames, answers, setUp };
  } finally {
    ending.abort();
    await running;
    await standIn.stop();
    await outside.close();
    clock.stop();
  }
}

async function until(what: () => boolean, message: string): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !what(); ) {
    if (Date.now() > end) throw new Error(`waited in vain: ${message}`);
    await delay(5);
  }
}
