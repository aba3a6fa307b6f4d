import fc from 'fast-check';
import { Post, TickKind, ticksOf, type TickRow } from '#proto';
import type { FeatureEngine } from '#features';
import type { ReferenceEvent } from './reference.ts';

/** Random streams, and a driver that folds them into an engine. */

export const START = 1_700_000_000_000_000;

/** A two-sided quote with sizes 1, `seconds` after the start. */
export const quote = (instrument: string, seconds: number, bid: number, ask: number): ReferenceEvent => ({
  type: 'tick',
  tick: { instrument, kind: TickKind.QUOTE, eventTime: START + seconds * 1e6, receiptTime: START + seconds * 1e6, bid, ask, bidSize: 1, askSize: 1 },
});

/** A purchase of size 1. */
export const trade = (instrument: string, seconds: number, price: number): ReferenceEvent => ({
  type: 'tick',
  tick: { instrument, kind: TickKind.TRADE, eventTime: START + seconds * 1e6, receiptTime: START + seconds * 1e6, price, size: 1, side: 1 },
});

interface Draw {
  readonly instrument: string;
  readonly shape: 'quote' | 'one-sided' | 'trade' | 'bar' | 'post';
  readonly step: number;
  readonly delay: number;
  readonly drift: number;
  readonly size: number;
  readonly otherSize: number;
  readonly spread: number;
  readonly side: number;
  readonly author: string;
  readonly sentiment: number;
}

/** `fc.double` draws every exponent alike, so that nearly all are as good as 0: most numbers here are evenly spread instead. */
const even = (min: number, max: number): fc.Arbitrary<number> => {
  const steps = 1e6;
  const spread = fc.integer({ min: 0, max: steps }).map((k) => min + ((max - min) * k) / steps);
  return fc.oneof({ weight: 4, arbitrary: spread }, { weight: 1, arbitrary: fc.double({ min, max, noNaN: true }) });
};

const size = fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: even(1e-8, 1e4) });

const draw: fc.Arbitrary<Draw> = fc.record({
  instrument: fc.constantFrom('x:A', 'x:B', 'y:C'),
  shape: fc.constantFrom('quote', 'quote', 'quote', 'one-sided', 'trade', 'trade', 'bar', 'post'),
  // µs: irregular, equal, backwards, and pauses.
  step: fc.oneof(
    fc.constant(0),
    fc.integer({ min: -5_000_000, max: 2_000_000 }),
    fc.integer({ min: 0, max: 100_000 }),
    fc.integer({ min: 0, max: 900_000_000 }),
  ),
  delay: fc.integer({ min: 0, max: 3_000_000 }),
  drift: fc.oneof(fc.constant(0), even(-0.02, 0.02)),
  size,
  otherSize: size,
  // Below 0: a crossed quote.
  spread: even(-0.001, 0.01),
  side: fc.constantFrom(-1, 0, 1),
  author: fc.constantFrom('', 'a', 'b', 'c', 'd'),
  sentiment: even(-1, 1),
});

function toEvents(draws: readonly Draw[]): ReferenceEvent[] {
  let time = START;
  let level = 100;
  return draws.map((d): ReferenceEvent => {
    time += d.step;
    level *= 1 + d.drift;
    const { instrument } = d;
    const receiptTime = time + d.delay;
    if (d.shape === 'post') return { type: 'post', instrument, time: receiptTime, author: d.author, sentiment: d.sentiment };
    const base = { instrument, eventTime: time, receiptTime };
    const sizes = { bidSize: d.size, askSize: d.otherSize };
    const bid = level * (1 - d.spread);
    const ask = level * (1 + d.spread);
    const tick: TickRow = {
      quote: { ...base, ...sizes, kind: TickKind.QUOTE, bid, ask },
      'one-sided': { ...base, ...sizes, kind: TickKind.QUOTE, bid: d.side > 0 ? bid : 0, ask: d.side < 0 ? ask : 0 },
      trade: { ...base, kind: TickKind.TRADE, price: d.size === 0 ? 0 : level, size: d.size, side: d.side },
      bar: { ...base, kind: TickKind.BAR, price: level, size: d.size, open: level, high: level, low: level },
    }[d.shape];
    return { type: 'tick', tick };
  });
}

export const streams = (maxLength: number): fc.Arbitrary<ReferenceEvent[]> =>
  fc.array(draw, { minLength: 1, maxLength, size: 'max' }).map(toEvents);

export const instrumentOf = (event: ReferenceEvent): string =>
  event.type === 'tick' ? event.tick.instrument : event.instrument;

/** Sentiment of a post that `fold` made. */
export const sentimentOf = (post: Post): number => Number(post.text);

/** Fold one event; the row of a tick, undefined for a post. */
export function fold(engine: FeatureEngine, event: ReferenceEvent): Float32Array | undefined {
  const id = engine.idOf(instrumentOf(event));
  if (event.type === 'post') {
    engine.post(id, event.time, Post.fromPartial({ instrument: event.instrument, author: event.author ?? '', text: String(event.sentiment ?? 0) }));
    return undefined;
  }
  const row = new Float32Array(engine.width);
  engine.update(id, ticksOf('test', [event.tick]), 0, row, 0);
  return row;
}

export const foldAll = (engine: FeatureEngine, events: readonly ReferenceEvent[]): (Float32Array | undefined)[] =>
  events.map((event) => fold(engine, event));
