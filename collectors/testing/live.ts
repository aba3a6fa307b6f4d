/** For tests of decoders: what the code of a live source works with, and what came of it, without a queue. */
import { encodeTickJson, type Cursor } from '#proto';

import type { Clock } from '../clock.ts';
import type { SourceEnvironment } from '../kind.ts';
import { createLimits } from '../connect/limits.ts';
import { createNetwork } from '../connect/network.ts';
import { fixedInstruments } from '../live/instruments.ts';
import { createLive, type Live } from '../live/live.ts';
import { Outbox } from '../live/outbox.ts';
import type { Rejection, SourceEvent } from '../port.ts';
import { fakeClock } from './run.ts';

export interface TestLive {
  readonly live: Live;
  readonly events: SourceEvent[];
  readonly rejections: Rejection[];
  /** Counts of frames by what they were, and of records skipped by why. */
  readonly frames: Map<string, number>;
  readonly skipped: Map<string, number>;
  /** Everything written since the last call: ticks and posts as JSON. */
  take(): string[];
}

export function testEnvironment(clock: Clock): SourceEnvironment {
  return {
    clock,
    random: () => 0.5,
    limits: createLimits(clock),
    network: createNetwork(),
    secret: () => Promise.reject(new Error('no secrets here')),
    redact: (text) => text,
  };
}

export interface TestLiveOptions {
  readonly name: string;
  readonly symbols?: readonly string[];
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly cursor?: Cursor | null;
  readonly cursors?: ReadonlyMap<string, Cursor>;
  readonly capacity?: number;
}

export function testLive({ name, symbols = [], clock = fakeClock(1_700_000_000_000), signal = new AbortController().signal, cursor = null, cursors = new Map(), capacity = 8192 }: TestLiveOptions): TestLive {
  const events: SourceEvent[] = [];
  const rejections: Rejection[] = [];
  const frames = new Map<string, number>();
  const skipped = new Map<string, number>();
  const out = new Outbox({ source: name, capacity });
  const live = createLive({
    name,
    out,
    signal,
    context: {
      cursor,
      signal,
      emit: () => Promise.resolve(),
      reject: () => undefined,
      cursors: () => Promise.resolve(cursors),
      observe: (event) => events.push(event),
    },
    instruments: fixedInstruments(symbols),
    environment: testEnvironment(clock),
  });
  const add = (into: Map<string, number>, counts: ReadonlyMap<string, number>): void => {
    for (const [key, count] of counts) into.set(key, (into.get(key) ?? 0) + count);
  };
  return {
    live,
    events,
    rejections,
    frames,
    skipped,
    take() {
      const { ticks, posts = [], rejections: rejected } = out.take();
      rejections.push(...rejected);
      const traffic = out.traffic();
      if (traffic) {
        add(frames, traffic.frames);
        add(skipped, traffic.skipped);
      }
      const rows = ticks ? Array.from({ length: ticks.length }, (_, i) => encodeTickJson(ticks, i)) : [];
      return [...rows, ...posts.map((post) => JSON.stringify(post))];
    },
  };
}
