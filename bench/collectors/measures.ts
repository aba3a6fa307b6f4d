/** What is measured of one source, in the process of its own that it has. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { createCollector, createLimits, systemClock, type Clock, type Limits, type TransportOptions } from '#collectors';
import { topicLayout } from '#proto';
import { openEmbeddedQueue } from '#queue/embedded';

import { quantile } from '../stats.ts';
import { startUsage } from '../usage.ts';
import { sourceOf } from './environment.ts';
import { playedNetwork } from './network.ts';
import { Player } from './player.ts';
import type { CollectorBench, Data } from './sources.ts';
import type { Tape } from './tape.ts';

/** Of one repetition. */
export interface Speed {
  readonly frames: number;
  readonly rows: number;
  /** Microseconds of CPU a frame, all threads. */
  readonly ours: number;
  readonly bare: number;
}

export interface Allocated {
  /** Bytes a frame. */
  readonly ours: number;
  readonly bare: number;
}

export interface Latency {
  /** Milliseconds from receipt to durable. */
  readonly p50: number;
  readonly p99: number;
  readonly frames: number;
}

export interface Memory {
  readonly instruments: number;
  readonly connections: number;
  /** Bytes an instrument: subscribed to, and after one frame about each; null where frames do not name instruments. */
  readonly subscribed: number;
  readonly heard: number | null;
}

/** The JSON of an event, the frame itself where it is none. */
export function jsonOf(data: Data): string {
  const text = typeof data === 'string' ? data : Buffer.from(data).toString('utf8');
  if (!/^(event|data|id|retry)?:/.test(text)) return text;
  return text.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim()).join('\n');
}

/** Decodes every frame, and nothing else. */
function bareOf({ bare }: CollectorBench, { frames, answers, setUp }: Tape): () => number {
  const given: readonly Data[] = frames.length > 0 ? frames.slice(setUp).map(({ data }) => data) : answers.slice(setUp).map(({ body }) => body.toString('utf8')).filter((body) => body !== '');
  const all = bare ? given : given.map(jsonOf);
  const decode = bare ?? ((data: Data) => JSON.parse(data as string) as unknown);
  return () => {
    let objects = 0;
    for (const data of all) if (typeof decode(data) === 'object') objects++;
    return objects;
  };
}

/** @param frames to be played at least: a short tape is played again and again, to a fresh source each time */
export async function speed(bench: CollectorBench, tape: Tape, frames: number): Promise<Speed> {
  const length = Math.max(tape.frames.length, tape.answers.length) - tape.setUp;
  // An answer holds hundreds of records.
  const passes = Math.max(1, Math.ceil(frames / (tape.frames.length > 0 ? length : 300 * length)));
  const bare = bareOf(bench, tape);
  let ours = 0;
  let theirs = 0;
  let rows = 0;
  for (let pass = 0; pass < passes; pass++) {
    const player = new Player(bench, tape);
    await player.setUp();
    const usage = startUsage();
    await player.play();
    ours += usage().cpu;
    await player.end();
    check(bench, player);
    ({ rows } = player.played);
    const floor = startUsage();
    bare();
    theirs += floor().cpu;
  }
  return { frames: length, rows, ours: (1e6 * ours) / (passes * length), bare: (1e6 * theirs) / (passes * length) };
}

/** In a process whose young generation is so large that nothing is collected meanwhile. */
export async function allocated(bench: CollectorBench, tape: Tape): Promise<Allocated> {
  const length = Math.max(tape.frames.length, tape.answers.length) - tape.setUp;
  // The compilers have seen the work.
  for (let i = 0; i < 2; i++) await speed(bench, tape, 1);
  const player = new Player(bench, tape);
  await player.setUp();
  const ours = await bytes(() => player.play());
  await player.end();
  const bare = bareOf(bench, tape);
  return { ours: ours / length, bare: (await bytes(() => Promise.resolve(bare()))) / length };
}

async function bytes(work: () => Promise<unknown>): Promise<number> {
  // Buffers are given back a little after what held them.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await delay(20);
  }
  const before = process.memoryUsage();
  await work();
  const after = process.memoryUsage();
  return after.heapUsed - before.heapUsed + after.external - before.external;
}

function check({ name }: CollectorBench, { played }: Player): void {
  if (played.rows === 0) throw new Error(`${name}: the source made nothing of its frames`);
  if (played.rejected > 0) throw new Error(`${name}: ${played.rejected} frames were rejected`);
}

/** Frames at a steady rate, through the supervisor into the embedded queue, which is synced to disk. @param rate frames a second */
export async function latency(bench: CollectorBench, tape: Tape, rate: number, seconds: number): Promise<Latency | null> {
  // What is asked for comes when the vendor answers.
  if (tape.frames.length === 0) return null;
  const directory = mkdtempSync(join(tmpdir(), 'foretick-bench-'));
  const queue = await openEmbeddedQueue({ directory });
  // All of it happened before.
  const offset = tape.frames.at(-1)!.at - systemClock.now();
  const clock: Clock = { now: () => systemClock.now() + offset, sleep: (ms, signal) => systemClock.sleep(ms, signal) };
  const times: number[] = [];
  const opened: TransportOptions[] = [];
  const answers = [...tape.answers];
  let frames = 0;
  try {
    const layout = topicLayout({ prefix: 'bench', inputs: 1, shards: 1 });
    await queue.ensureTopics(layout.specs());
    const source = sourceOf(bench, {
      clock,
      network: playedNetwork(clock, opened, () => (answers.length > 0 ? Promise.resolve(answers.shift()!) : Promise.reject(new Error('nobody answers')))),
      limits: createLimits(clock),
      settings: tape.settings,
      instruments: tape.instruments,
    });
    const collector = createCollector({
      queue,
      layout,
      source,
      clock,
      atomicSends: true,
      onPublished: ({ ticks, posts = [] }) => {
        const now = clock.now();
        for (let i = 0; ticks && i < ticks.length; i++) times.push(now - ticks.receiptTime[i]! / 1000);
        for (const { receiptTimeUs } of posts) times.push(now - receiptTimeUs / 1000);
      },
    });
    await collector.start();
    while (opened.length === 0) await delay(1);
    await delay(20);
    const { onFrame } = opened[0]!;
    const most = Math.min(tape.frames.length, tape.setUp + rate * seconds);
    for (const { data } of tape.frames.slice(0, tape.setUp)) {
      onFrame(data);
      await delay(1);
    }
    times.length = 0;
    const begun = performance.now();
    for (let i = tape.setUp; i < most; ) {
      const due = Math.min(most, tape.setUp + Math.ceil(((performance.now() - begun) * rate) / 1000));
      for (; i < due; i++, frames++) onFrame(tape.frames[i]!.data);
      await delay(1);
    }
    await collector.stop();
  } finally {
    await queue.close();
    rmSync(directory, { recursive: true, force: true });
  }
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), frames };
}

const UNLIMITED: Limits = { of: () => ({ take: () => Promise.resolve(), wait: () => 0, pause: () => undefined }) };
/** Sleeps from here on never end: subscriptions take as long as they take, and nobody confirms them. Milliseconds. */
const LONGEST = 9000;

/** What a source holds of very many instruments, without its sockets. */
export async function memory(bench: CollectorBench, tape: Tape, instruments: number): Promise<Memory> {
  const [like] = tape.instruments;
  const symbols = Array.from({ length: instruments }, (_, i) => symbolLike(like!, i));
  const before = held();
  const player = new Player(bench, tape, { limits: UNLIMITED, instruments: symbols, longest: LONGEST, ...(bench.uncapped && { settings: bench.uncapped }) });
  if (tape.frames.length === 0) await player.setUp();
  for (let still = 0; still < 50; ) {
    const { length } = player.opened;
    player.clock.moveToNext();
    await player.turn();
    still = player.opened.length === length ? still + 1 : 0;
  }
  const subscribed = held() - before;
  const template = tape.frames.slice(tape.setUp).filter(({ data }) => renamed(bench, data, like!, symbols[0]!) !== null).slice(-20);
  let heard: number | null = null;
  if (template.length > 0) {
    const each = Math.ceil(instruments / player.opened.length);
    for (const [i, symbol] of symbols.entries()) {
      const { data, at } = template[i % template.length]!;
      player.clock.moveTo(at);
      player.opened[Math.floor(i / each)]!.onFrame(renamed(bench, data, like!, symbol)!);
      if (i % 256 === 255) {
        player.clock.moveTo(player.clock.now() + 6);
        await player.turn();
      }
    }
    for (let i = 0; i < 50; i++) {
      player.clock.moveToNext();
      await player.turn();
    }
    // Only where the frames were taken for what they are.
    if (player.played.rows > instruments / 2) heard = held() - before;
  }
  const connections = player.opened.length;
  await player.end();
  return { instruments: symbols.length, connections, subscribed: subscribed / instruments, heard: heard === null ? null : heard / instruments };
}

/** `BTC-USD` → `AAB-USD` and so on: as vendors write them, letters only. */
function symbolLike(symbol: string, i: number): string {
  let name = '';
  for (let left = i, digit = 0; digit < 5; digit++, left = Math.floor(left / 26)) name = String.fromCharCode(65 + (left % 26)) + name;
  return symbol.replace(/[A-Z]{2,}/, name);
}

/** Null: the frame is not about it. */
function renamed({ wire = (symbol) => [symbol], renamed: other }: CollectorBench, data: Data, from: string, to: string): Data | null {
  if (other) return other(data, from, to);
  if (typeof data !== 'string') return null;
  const names = wire(to);
  let text = data;
  for (const [i, name] of wire(from).entries()) text = text.replaceAll(name, names[i]!);
  return text === data ? null : text;
}

function held(): number {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
