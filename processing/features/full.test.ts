import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Post, TickKind, ticksOf } from '#proto';
import { FeatureEngine, defaultFeatures } from '#features';
import { expectClose } from './testing/close.ts';
import { readRecording, recordingPath } from './testing/recording.ts';
import { fullReferenceRow } from './testing/reference-full.ts';
import type { ReferenceEvent } from './testing/reference.ts';
import { START, fold, foldAll, instrumentOf, sentimentOf, streams } from './testing/streams.ts';

/** The column that is approximate: held against simulation below, not against its definition row by row. */
const APPROXIMATE = 'authors_15m';
const exact = defaultFeatures.names.filter((name) => name !== APPROXIMATE);
const kept = defaultFeatures.names.flatMap((name, k) => (name === APPROXIMATE ? [] : [k]));
const engineOf = (): FeatureEngine => new FeatureEngine(defaultFeatures, { sentimentOf });

/** Fold all, and hold every row against its definition. */
function check(events: readonly ReferenceEvent[]): void {
  const engine = engineOf();
  const histories = new Map<string, ReferenceEvent[]>();
  events.forEach((event, i) => {
    const instrument = instrumentOf(event);
    const history = histories.get(instrument) ?? [];
    histories.set(instrument, history);
    history.push(event);
    const row = fold(engine, event);
    if (row === undefined) return;
    expectClose(exact, Float32Array.from(kept, (k) => row[k]!), fullReferenceRow(history), `event ${i} of ${instrument}`);
  });
}

test('every row of any stream equals its definition over the whole history', () => {
  fc.assert(fc.property(streams(100), (events) => { check(events); }), { numRuns: 60 });
});

const recording = recordingPath();
(recording === undefined ? test.skip : test)('rows of a real recording equal their definition (skipped: no Binance recording in this checkout)', () => {
  const events = readRecording(recording!, 1_500);
  expect(events).toHaveLength(1_500);
  check(events);
});

test('the reference covers every column but the approximate one', () => {
  const tick = { instrument: 'x:A', kind: 0, eventTime: 1, receiptTime: 1, bid: 1, ask: 2 };
  expect(new Set(Object.keys(fullReferenceRow([{ type: 'tick', tick }])))).toEqual(new Set(exact));
});

test('state takes at most 450 bytes an instrument', () => {
  expect(8 * engineOf().stateWidth).toBeLessThanOrEqual(450);
  expect(defaultFeatures.names).toHaveLength(40);
  expect(defaultFeatures.id).toBe('default@2');
});

test('state put back, it goes on bit for bit', () => {
  fc.assert(
    fc.property(streams(60), streams(60), (past, future) => {
      const engine = engineOf();
      foldAll(engine, past);
      const restored = engineOf();
      for (let id = 0; id < engine.size; id++) restored.loadState(engine.nameOf(id), engine.saveState(id));
      expect(foldAll(restored, future)).toEqual(foldAll(engine, future));
    }),
  );
});

test('without a sentiment every post is neutral; what is not in [-1, 1] is cut', () => {
  const post: ReferenceEvent = { type: 'post', instrument: 'x:A', time: START };
  const tick: ReferenceEvent = { type: 'tick', tick: { instrument: 'x:A', kind: TickKind.TRADE, eventTime: START, receiptTime: START, price: 1 } };
  const last = (of?: (post: Post) => number): number =>
    foldAll(new FeatureEngine(defaultFeatures, of && { sentimentOf: of }), [post, tick]).at(-1)![defaultFeatures.names.indexOf('sentiment_1h')]!;
  expect([last(), last(() => NaN), last(() => 7), last(() => -Infinity)]).toEqual([0, 0, 0.5, -0.5]);
});

test('values stay finite and within ±1e6 whatever valid ticks come', () => {
  const price = fc.constantFrom(0, 5e-324, 1e-300, 1e-5, 1, 100, 1e12, 1e300, Number.MAX_VALUE);
  const tick = fc.record({
    instrument: fc.constant('x:A'),
    kind: fc.constantFrom(TickKind.QUOTE, TickKind.TRADE, TickKind.BAR),
    eventTime: fc.constantFrom(0, 1, START, START + 1, START * 4, Number.MAX_SAFE_INTEGER),
    receiptTime: fc.constantFrom(0, START, START + 1, Number.MAX_SAFE_INTEGER),
    price, bid: price, ask: price, size: price, bidSize: price, askSize: price,
    side: fc.constantFrom(-1, 0, 1),
  });
  fc.assert(
    fc.property(fc.array(tick, { minLength: 1, maxLength: 60 }), fc.array(fc.nat(), { maxLength: 3 }), (ticks, posts) => {
      const engine = engineOf();
      for (const time of posts) fold(engine, { type: 'post', instrument: 'x:A', time, sentiment: 1 });
      for (const t of ticks) expect(fold(engine, { type: 'tick', tick: t })!.every((value) => Math.abs(value) <= 1e6)).toBe(true);
      expect(engine.saveState(0).every(Number.isFinite)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('half of the weight of an author is gone after 15 minutes; the same author counts once a quarter of an hour', () => {
  const quarter = Math.ceil(START / 9e8) * 9e8;
  const post = (seconds: number, author: string): ReferenceEvent => ({ type: 'post', instrument: 'x:A', time: quarter + seconds * 1e6, author });
  const at = (events: readonly ReferenceEvent[], seconds: number): number => {
    const time = quarter + seconds * 1e6;
    const tick: ReferenceEvent = { type: 'tick', tick: { instrument: 'x:A', kind: TickKind.TRADE, eventTime: time, receiptTime: time, price: 1 } };
    return foldAll(engineOf(), [...events, tick]).at(-1)![defaultFeatures.names.indexOf(APPROXIMATE)]!;
  };
  expect(at([], 0)).toBe(0);
  expect(at([post(0, 'a'), post(0, 'a'), post(0, 'a')], 0)).toBeCloseTo(1, 5);
  expect(at([post(0, 'a'), post(10, 'a')], 900)).toBeCloseTo(0.5, 5);
  expect(at([post(0, 'a'), post(900, 'a')], 900)).toBeCloseTo(1.5, 5);
});

test.each([[1, 0.001, 0.001], [10, 0.03, 0.15], [30, 0.04, 0.2], [60, 0.06, 0.35]])(
  'authors: %d in a quarter of an hour are told without bias (±%d) and with a relative error of at most %d',
  (authors, bias, error) => {
    const runs = 400;
    const quarter = Math.ceil(START / 9e8) * 9e8;
    const column = defaultFeatures.names.indexOf(APPROXIMATE);
    const tick = ticksOf('t', [{ instrument: 'x:A', kind: TickKind.TRADE, eventTime: quarter, receiptTime: quarter, price: 1 }]);
    const row = new Float32Array(defaultFeatures.names.length);
    const counts = Array.from({ length: runs }, (_, run) => {
      const engine = engineOf();
      const id = engine.idOf('x:A');
      for (let a = 0; a < 2 * authors; a++) engine.post(id, quarter, Post.fromPartial({ author: `${run}/${a % authors}`, text: '0' }));
      engine.update(id, tick, 0, row, 0);
      return row[column]! / authors;
    });
    const mean = counts.reduce((a, b) => a + b, 0) / runs;
    expect(Math.abs(mean - 1)).toBeLessThanOrEqual(bias);
    expect(Math.sqrt(counts.reduce((a, b) => a + (b - 1) ** 2, 0) / runs)).toBeLessThanOrEqual(error);
  },
);
