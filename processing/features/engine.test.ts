import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TickKind, ticksOf, type TickRow } from '#proto';
import { FeatureEngine, compactFeatures, selectFeatures } from '#features';
import { START, fold, foldAll, instrumentOf, quote, streams, trade } from './testing/streams.ts';
import type { ReferenceEvent } from './testing/reference.ts';

describe('rows', () => {
  test('what comes after an event changes no row before it', () => {
    fc.assert(
      fc.property(streams(60), streams(60), fc.nat(59), (events, others, at) => {
        const cut = Math.min(at, events.length);
        const rows = foldAll(new FeatureEngine(compactFeatures), events);
        const edited = foldAll(new FeatureEngine(compactFeatures), [...events.slice(0, cut), ...others]);
        expect(edited.slice(0, cut)).toEqual(rows.slice(0, cut));
      }),
    );
  });

  test('an instrument takes no notice of the others', () => {
    fc.assert(
      fc.property(streams(80), (events) => {
        const all = foldAll(new FeatureEngine(compactFeatures), events).filter((_, i) => instrumentOf(events[i]!) === 'x:B');
        const alone = foldAll(new FeatureEngine(compactFeatures), events.filter((e) => instrumentOf(e) === 'x:B'));
        expect(alone).toEqual(all);
      }),
    );
  });

  test('posts change no column but those of posts, and only from the next tick on', () => {
    fc.assert(
      fc.property(streams(80), (events) => {
        const columns = compactFeatures.names.filter((name) => !name.startsWith('post')).length;
        const ticks = events.filter((e) => e.type === 'tick');
        const heard = foldAll(new FeatureEngine(compactFeatures), events).filter((row) => row !== undefined);
        const deaf = foldAll(new FeatureEngine(compactFeatures), ticks);
        expect(heard.map((row) => row.subarray(0, columns))).toEqual(deaf.map((row) => row!.subarray(0, columns)));
      }),
    );
  });

  test('values stay finite and within ±1e6 whatever valid ticks come, and the engine recovers', () => {
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
        const engine = new FeatureEngine(compactFeatures);
        for (const time of posts) fold(engine, { type: 'post', instrument: 'x:A', time });
        for (const t of ticks) {
          const row = fold(engine, { type: 'tick', tick: t })!;
          expect(row.every((value) => Math.abs(value) <= 1e6)).toBe(true);
        }
        expect(engine.saveState(0).every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('a row goes where it is told, and nowhere else', () => {
    const engine = new FeatureEngine(selectFeatures(['spread_bps', 'imbalance'], { name: 'two', version: 1 }));
    const out = new Float32Array(8).fill(7);
    const row: TickRow = { instrument: 'x:A', kind: TickKind.QUOTE, eventTime: 1, receiptTime: 1, bid: 99, ask: 101, bidSize: 3, askSize: 1 };
    engine.update(engine.idOf('x:A'), ticksOf('test', [row]), 0, out, 3);
    expect([...out]).toEqual([7, 7, 7, 200, 0.5, 7, 7, 7]);
  });
});

describe('reference price', () => {
  test('is the trade price until a two-sided quote comes, its mid from then on', () => {
    const engine = new FeatureEngine(compactFeatures);
    const id = engine.idOf('x:A');
    expect([engine.price(id), engine.bid(id), engine.ask(id)]).toEqual([0, 0, 0]);
    fold(engine, trade('x:A', 0, 50));
    expect([engine.price(id), engine.bid(id), engine.ask(id)]).toEqual([50, 0, 0]);
    fold(engine, quote('x:A', 1, 0, 60));
    expect(engine.price(id)).toBe(50);
    fold(engine, quote('x:A', 2, 98, 102));
    expect([engine.price(id), engine.bid(id), engine.ask(id)]).toEqual([100, 98, 102]);
    fold(engine, trade('x:A', 3, 70));
    fold(engine, quote('x:A', 4, 97, 0));
    expect([engine.price(id), engine.bid(id), engine.ask(id)]).toEqual([100, 98, 102]);
    fold(engine, quote('x:A', 5, 104, 100));
    expect([engine.price(id), engine.bid(id), engine.ask(id)]).toEqual([102, 104, 100]);
  });

  test('warm needs the events, the time and a price', () => {
    const set = selectFeatures(['return_bps'], { name: 'one', version: 1, warmup: { events: 3, seconds: 10 } });
    const warmth = (events: readonly ReferenceEvent[]): number[] => {
      const engine = new FeatureEngine(set);
      return events.map((e) => (e.type === 'tick' ? engine.update(engine.idOf('x:A'), ticksOf('t', [e.tick]), 0, new Float32Array(1), 0) : -1));
    };
    const at = (seconds: number): ReferenceEvent => quote('x:A', seconds, 1, 2);
    expect(warmth([at(0), at(20), at(5), at(21)])).toEqual([0, 0, 1, 1]);
    expect(warmth([at(0), at(1), at(9), at(10)])).toEqual([0, 0, 0, 1]);
    expect(warmth([quote('x:A', 0, 0, 2), quote('x:A', 11, 1, 0), quote('x:A', 12, 0, 0), at(13)])).toEqual([0, 0, 0, 1]);
  });
});
