import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TickKind, hasCode } from '#proto';
import { FeatureEngine, exactWindow, featureSet, type ExactWindowOptions, type Feature, type WindowAggregate } from '#features';
import { fold, foldAll, START } from './testing/streams.ts';
import type { ReferenceEvent } from './testing/reference.ts';

const doc = { what: 'A window.', formula: '…', source: 'this test' };
type Over = ExactWindowOptions['over'];

const windowOf = (over: Over, aggregate: WindowAggregate): Feature =>
  exactWindow({ name: 'w', unit: '1', doc, over, aggregate, value: (event) => event.tradePrice, when: (event) => event.trade === 1, empty: -1 });
const engineOf = (over: Over, aggregate: WindowAggregate): FeatureEngine =>
  new FeatureEngine(featureSet({ name: 'windows', version: 1, features: [windowOf(over, aggregate)], warmup: { events: 0, seconds: 0 } }));

interface Draw { readonly step: number; readonly price: number; readonly trade: boolean }
/** Seconds, whole: at the edge of a window often. */
const draws = fc.array(fc.record({ step: fc.integer({ min: -2, max: 6 }), price: fc.double({ min: 0.01, max: 1e3, noNaN: true }), trade: fc.boolean() }), { minLength: 1, maxLength: 120, size: 'max' });

function eventsOf(list: readonly Draw[]): ReferenceEvent[] {
  let time = START;
  return list.map(({ step, price, trade }) => {
    time += step * 1e6;
    return { type: 'tick', tick: { instrument: 'x:A', kind: trade ? TickKind.TRADE : TickKind.BAR, eventTime: time, receiptTime: time, price, size: 1 } };
  });
}

/** The window itself, as an array; and what is made of it. */
function reference(events: readonly ReferenceEvent[], over: Over, aggregate: WindowAggregate): number {
  let now = 0;
  const all = events.flatMap((e) => {
    if (e.type !== 'tick') return [];
    now = Math.max(now, e.tick.eventTime);
    return e.tick.kind === TickKind.TRADE ? [{ time: now, value: e.tick.price! }] : [];
  });
  const inTime = 'seconds' in over ? all.filter(({ time }) => time > now - over.seconds * 1e6) : all;
  const values = inTime.slice(-('seconds' in over ? over.capacity : over.events)).map(({ value }) => value);
  if (values.length === 0) return -1;
  const sum = values.reduce((a, b) => a + b, 0);
  if (typeof aggregate === 'object') {
    const sorted = values.toSorted((a, b) => a - b);
    const position = aggregate.quantile * (sorted.length - 1);
    const below = sorted[Math.floor(position)]!;
    return below + (position % 1) * ((sorted[Math.ceil(position)] ?? below) - below);
  }
  return { count: values.length, sum, mean: sum / values.length, min: Math.min(...values), max: Math.max(...values) }[aggregate];
}

const aggregates: WindowAggregate[] = ['count', 'sum', 'mean', 'min', 'max', { quantile: 0 }, { quantile: 0.5 }, { quantile: 0.9 }, { quantile: 1 }];
const overs: Over[] = [{ events: 1 }, { events: 7 }, { seconds: 10, capacity: 100 }, { seconds: 10, capacity: 3 }, { seconds: 1000, capacity: 8 }];

test.each(aggregates.flatMap((aggregate) => overs.map((over) => [JSON.stringify(aggregate), JSON.stringify(over), aggregate, over] as const)))(
  '%s over %s is that of the values in the window',
  (_, __, aggregate, over) => {
    fc.assert(
      fc.property(draws, (list) => {
        const events = eventsOf(list);
        const engine = engineOf(over, aggregate);
        events.forEach((event, k) => {
          const expected = reference(events.slice(0, k + 1), over, aggregate);
          const [value] = fold(engine, event)!;
          expect(Math.abs(value! - expected)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected)));
        });
      }),
      { numRuns: 15 },
    );
  },
);

describe('an exact window', () => {
  test.each(aggregates.map((aggregate) => [JSON.stringify(aggregate), aggregate] as const))('%s takes part in checkpoints: put back, it goes on bit for bit', (_, aggregate) => {
    fc.assert(
      fc.property(draws, draws, (past, future) => {
        const events = eventsOf([...past, ...future]);
        const engine = engineOf({ seconds: 20, capacity: 9 }, aggregate);
        foldAll(engine, events.slice(0, past.length));
        const restored = engineOf({ seconds: 20, capacity: 9 }, aggregate);
        restored.loadState('x:A', engine.saveState(0));
        expect(foldAll(restored, events.slice(past.length))).toEqual(foldAll(engine, events.slice(past.length)));
      }),
      { numRuns: 30 },
    );
  });

  test('costs what it says, and chunks of wide rows stay small', () => {
    expect(windowOf({ events: 100 }, 'mean').width).toBe(105);
    expect(windowOf({ seconds: 1, capacity: 100 }, 'mean').width).toBe(205);
    expect(windowOf({ seconds: 1, capacity: 100 }, { quantile: 0.5 }).width).toBe(305);
    const engine = engineOf({ seconds: 1, capacity: 32_768 }, 'max');
    for (let k = 0; k < 5; k++) engine.idOf(`x:${k}`);
    expect(engine.saveState(4)).toHaveLength(engine.stateWidth);
  });

  test('its sum does not drift: after values of 1e15 it is exact again', () => {
    const engine = engineOf({ events: 3 }, 'sum');
    const rows = foldAll(engine, eventsOf([1e15, 0.1, 1e15, 0.1, 0.2, 0.3].map((price) => ({ step: 1, price, trade: true }))));
    expect(rows.at(-1)![0]).toBe(Math.fround(0.1 + (0.2 + 0.3)));
  });

  test('leaves out what is not finite', () => {
    const odd = exactWindow({ name: 'w', unit: '1', doc, over: { events: 9 }, aggregate: 'count', value: (event) => 1 / (event.tradePrice - 1) });
    const engine = new FeatureEngine(featureSet({ name: 'windows', version: 1, features: [odd], warmup: { events: 0, seconds: 0 } }));
    expect(foldAll(engine, eventsOf([2, 1, 3].map((price) => ({ step: 1, price, trade: true })))).map((row) => row![0])).toEqual([1, 1, 2]);
  });

  test.each<[string, Over, WindowAggregate]>([
    ['no capacity', { seconds: 1, capacity: 0 }, 'sum'],
    ['too much of it', { seconds: 1, capacity: 32_769 }, 'sum'],
    ['half an event', { events: 0.5 }, 'sum'],
    ['no seconds', { seconds: 0, capacity: 1 }, 'sum'],
    ['a quantile above 1', { events: 5 }, { quantile: 1.1 }],
  ])('is refused for %s', (_, over, aggregate) => {
    let thrown: unknown;
    try {
      windowOf(over, aggregate);
    } catch (error) {
      thrown = error;
    }
    expect(hasCode(thrown, 'CONFIG_INVALID')).toBe(true);
  });
});
