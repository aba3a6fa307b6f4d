import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { FeatureEngine, defaultFeatures } from '#features';
import { FeatureFold, postInput, tickInput } from '#processing';
import { CONTENT_ARROW, CONTENT_JSON, FeatureCheckpoint, Post, SCHEMA, decodeFeatures, decodeJson, encodePostJson, encodeTicksArrow, headersOf, ticksOf, topicLayout, type TickRow } from '#proto';
import type { QueueRecord } from '#queue';

import { SeenRows } from './seen.ts';
import { someTicks } from './testing/pipeline.ts';

const layout = topicLayout({ prefix: 'test', inputs: 1, shards: 1 });

function record(rows: readonly TickRow[], identity: Record<string, string> = {}): QueueRecord {
  const headers = headersOf(CONTENT_ARROW, SCHEMA.tick, identity);
  return { topic: layout.name('quotes'), partition: 0, offset: 0, timestamp: 7, key: null, value: encodeTicksArrow(ticksOf('s', rows), null), headers };
}
const named = (ordinal: number, task = 'source/s'): Record<string, string> => ({ task, ordinal: String(ordinal) });

function newFold(seen = new SeenRows(), ordinals = { rows: 0, deadLetters: 0 }, engine = new FeatureEngine(defaultFeatures)): FeatureFold {
  const options = { layout, partition: 0, task: 'features/0', featureSet: defaultFeatures.id, names: defaultFeatures.names, batchRows: 1000, maxLatenessUs: 60e6, maxFutureUs: 1e6, onDeadLetter: () => undefined };
  return new FeatureFold(engine, { ...ordinals }, { ...ordinals }, options, seen);
}

function foldAll(fold: FeatureFold, input: QueueRecord, from = 0, to = Infinity): void {
  const { rows, value } = input.topic === layout.name('posts') ? postInput(input) : tickInput(input, 60e6);
  for (let row = from; row < Math.min(rows, to); row++) fold.fold(value, row);
}

function rowsOf(fold: FeatureFold): string[] {
  return fold.take().filter(({ topic }) => topic === layout.name('features')).flatMap(({ value, headers }) => {
    const rows = decodeFeatures({ value: value as Uint8Array, headers: headers! });
    return Array.from({ length: rows.length }, (_, i) => [rows.ordinal + i, rows.eventTime[i], ...rows.values.subarray(i * rows.names.length, (i + 1) * rows.names.length)].join());
  });
}

const COUNT = 40;
const bad = (tick: TickRow, i: number): TickRow => (i % 9 === 4 && tick.kind === 0 ? { ...tick, bid: -1 } : tick);
const ticks = someTicks(COUNT).map(bad);

test('rows that come again, cut otherwise and bad ones among them, change nothing', () => {
  const whole = newFold();
  foldAll(whole, record(ticks, named(0)));
  const counts = { ...whole.ordinals };
  const rows = rowsOf(whole);
  expect(counts.deadLetters).toBeGreaterThan(1);
  const steps = fc.array(fc.record({ size: fc.integer({ min: 1, max: 9 }), back: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 15 })) }), { minLength: 3, maxLength: 20 });
  fc.assert(
    fc.property(steps, (cuts) => {
      const fold = newFold();
      let at = 0;
      for (const { size, back } of cuts) {
        foldAll(fold, record(ticks.slice(at, at + size), named(at)));
        at = Math.max(0, Math.min(COUNT, at + size) - back);
      }
      foldAll(fold, record(ticks.slice(at), named(at)));
      expect(rowsOf(fold)).toEqual(rows);
      expect(fold.ordinals).toEqual(counts);
    }),
    { numRuns: 60 },
  );
});

test('repeats are counted; rows of others, of other names and without names all count', () => {
  const fold = newFold();
  foldAll(fold, record(ticks.slice(0, 3), named(0)));
  foldAll(fold, record(ticks.slice(0, 4), named(0)));
  expect(fold.takeCounts()).toMatchObject({ repeats: 3 });
  for (const identity of [named(0, 'source/other'), {}, {}, { task: 'source/s', ordinal: 'x' }, { task: 'source/s' }]) foldAll(fold, record(ticks.slice(0, 2), identity));
  expect([fold.ordinals.rows, fold.takeCounts().repeats]).toEqual([4 + 5 * 2, 0]);
});

test('a post that comes again counts once', () => {
  const post = Post.fromPartial({ instrument: 'x:A', source: 's', text: 'up', eventTimeUs: ticks[0]!.eventTime, receiptTimeUs: ticks[0]!.receiptTime });
  const input: QueueRecord = { ...record([]), topic: layout.name('posts'), value: Buffer.from(encodePostJson(post)), headers: headersOf(CONTENT_JSON, SCHEMA.post, named(4)) };
  const [once, twice] = [newFold(), newFold()];
  foldAll(once, input);
  foldAll(twice, input);
  foldAll(twice, { ...input });
  for (const fold of [once, twice]) foldAll(fold, record(ticks.slice(1, 3)));
  expect(rowsOf(twice)).toEqual(rowsOf(once));
});

test('what was seen is kept in a checkpoint, in the middle of a record too', () => {
  const whole = newFold();
  foldAll(whole, record(ticks, named(0)));
  const rows = rowsOf(whole);
  for (const stop of [1, 17, COUNT - 1]) {
    const engine = new FeatureEngine(defaultFeatures);
    const first = newFold(new SeenRows(), { rows: 0, deadLetters: 0 }, engine);
    foldAll(first, record(ticks, named(0)), 0, stop);
    const before = rowsOf(first);
    const kept = decodeJson(Buffer.from(JSON.stringify(FeatureCheckpoint.toJSON(FeatureCheckpoint.fromPartial({ seen: first.seen.message() })))), FeatureCheckpoint);
    const second = newFold(SeenRows.restore(kept.seen), first.ordinals, engine);
    foldAll(second, record(ticks, named(0)), stop);
    foldAll(second, record(ticks.slice(5, 30), named(5)));
    expect([...before, ...rowsOf(second)]).toEqual(rows);
  }
});

test('of many writers those silent for longest are forgotten, in each log on its own, and what is kept comes back in its order', () => {
  const seen = new SeenRows();
  for (let i = 0; i < 1024; i++) seen.counterOf('quotes', `t${i}`).next = i + 1;
  seen.counterOf('posts', 't1').next = 5;
  seen.counterOf('quotes', 't0');
  seen.counterOf('quotes', 'new');
  expect(seen.counterOf('quotes', 't0').next).toBe(1);
  expect(seen.counterOf('posts', 't1').next).toBe(5);
  const message = seen.message();
  expect(message!.next['quotes t1']).toBeUndefined();
  expect(Object.keys(message!.next)).toHaveLength(1025);
  expect(Object.keys(SeenRows.restore(message).message()!.next)).toEqual(Object.keys(message!.next));
  expect(new SeenRows().message()).toBeUndefined();
});
