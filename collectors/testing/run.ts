/** For tests: runs a source without a queue and writes down what it emitted. */
import { TickKind, createTicks, encodeTickJson, type Cursor } from '#proto';
import type { Emission, Rejection, Source } from '../port.ts';
import type { Clock } from '../clock.ts';

export interface Played {
  /** One line a tick, post and watermark, in order. */
  readonly log: string[];
  readonly rejections: Rejection[];
  readonly cursors: Cursor[];
  readonly emissions: number;
  readonly ticks: number;
  readonly posts: number;
  readonly error: unknown;
}

export interface PlayOptions {
  readonly cursor?: Cursor | null;
  /** Abort once this many emissions are durable. */
  readonly stopAfter?: number;
  /** Throws instead of taking the emission of this number, from 1. */
  readonly failAt?: number;
  /** Keep only counts. */
  readonly quiet?: boolean;
}

export async function play(source: Source, options: PlayOptions = {}): Promise<Played> {
  const aborter = new AbortController();
  const log: string[] = [];
  const cursors: Cursor[] = [];
  const kept: Rejection[] = [];
  let pending: Rejection[] = [];
  let emissions = 0;
  let ticks = 0;
  let posts = 0;
  let error: unknown = null;
  const emit = async (emission: Emission): Promise<void> => {
    if (options.failAt === emissions + 1) throw new Error('send failed');
    await Promise.resolve();
    emissions++;
    ticks += emission.ticks?.length ?? 0;
    posts += emission.posts?.length ?? 0;
    if (!options.quiet) log.push(...lines(emission));
    kept.push(...pending);
    pending = [];
    // As it comes back from the queue.
    if (emission.cursor) cursors.push(JSON.parse(JSON.stringify(emission.cursor)) as Cursor);
    if (emissions === options.stopAfter) aborter.abort();
  };
  try {
    await source.run({
      cursor: options.cursor ?? null,
      signal: aborter.signal,
      emit,
      reject: (rejection) => pending.push(rejection),
      cursors: () => Promise.resolve(new Map()),
      observe: () => undefined,
    });
  } catch (thrown) {
    error = thrown;
  }
  return { log, rejections: kept, cursors, emissions, ticks, posts, error };
}

export function lines({ ticks = createTicks(0, ''), posts = [], watermark }: Emission): string[] {
  const all: string[] = [];
  for (let i = 0; i < ticks.length; i++) {
    if (ticks.kind[i] === TickKind.WATERMARK) throw new Error('watermarks do not stand among ticks');
    all.push(encodeTickJson(ticks, i));
  }
  for (const post of posts) all.push(JSON.stringify(post));
  if (watermark !== undefined) all.push(`watermark ${watermark}`);
  return all;
}

/** A clock that only goes on when somebody sleeps. */
export function fakeClock(startMs = 0): Clock & { readonly slept: number[] } {
  let now = startMs;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep(ms, signal) {
      if (!signal.aborted) {
        slept.push(ms);
        now += ms;
      }
      return Promise.resolve();
    },
  };
}

/** Numbers in [0, 1) of a seed: mulberry32. */
export function drawsOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
