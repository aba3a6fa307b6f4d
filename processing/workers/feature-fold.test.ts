import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { FeatureEngine, defaultFeatures } from '#features';
import { FeatureFold, postInput, tickInput } from '#processing';
import {
  CONTENT_ARROW,
  CONTENT_JSON,
  SCHEMA,
  decodeFeatures,
  decodeTicks,
  encodePostJson,
  encodeTicksArrow,
  headersOf,
  ticksOf,
  topicLayout,
  Post,
  type ErrorCode,
  type TickRow,
} from '#proto';
import type { OutputRecord, QueueRecord } from '#queue';

import { someTicks } from './testing/pipeline.ts';

const layout = topicLayout({ prefix: 'test', inputs: 1, shards: 1 });

function queueRecord(value: Uint8Array | string | null, headers: Readonly<Record<string, string>>, offset = 0, topic = 'quotes'): QueueRecord {
  return { topic: layout.name(topic as 'quotes'), partition: 0, offset, timestamp: 0, key: null, value: typeof value === 'string' ? Buffer.from(value) : value, headers };
}
const ARROW = headersOf(CONTENT_ARROW, SCHEMA.tick);
const arrow = (rows: readonly TickRow[], offset = 0): QueueRecord => queueRecord(encodeTicksArrow(ticksOf('s', rows), null), ARROW, offset);
const postRecord = (post: Partial<Post>): QueueRecord => queueRecord(encodePostJson(Post.fromPartial(post)), headersOf(CONTENT_JSON, SCHEMA.post), 0, 'posts');

function newFold(committed = { rows: 0, deadLetters: 0 }, engine = new FeatureEngine(defaultFeatures)): { fold: FeatureFold; codes: ErrorCode[] } {
  const codes: ErrorCode[] = [];
  const fold = new FeatureFold(engine, { rows: 0, deadLetters: 0 }, committed, {
    layout,
    partition: 0,
    task: 'features/0',
    featureSet: defaultFeatures.id,
    names: defaultFeatures.names,
    batchRows: 7,
    maxLatenessUs: 60e6,
    maxFutureUs: 1e6,
    onDeadLetter: (code) => codes.push(code),
  });
  return { fold, codes };
}

function foldAll(fold: FeatureFold, record: QueueRecord): OutputRecord[] {
  const input = record.topic === layout.name('posts') ? postInput(record) : tickInput(record, 60e6);
  for (let row = 0; row < input.rows; row++) fold.fold(input.value, row);
  return fold.take();
}
const rowsOf = (outputs: readonly OutputRecord[]): string[] =>
  outputs
    .filter(({ topic }) => topic === layout.name('features'))
    .flatMap((output) => {
      const rows = decodeFeatures({ value: output.value as Uint8Array, headers: output.headers! });
      const width = rows.names.length;
      return Array.from({ length: rows.length }, (_, i) =>
        JSON.stringify([rows.ordinal + i, rows.instruments[rows.instrument[i]!], rows.eventTime[i], rows.price[i], rows.warm[i], [...rows.values.subarray(i * width, (i + 1) * width)]]),
      );
    });
const letters = (outputs: readonly OutputRecord[]): OutputRecord[] => outputs.filter(({ topic }) => topic === layout.name('dead-letters'));

test('rows are the same however ticks are cut into records, and no record is longer than asked', () => {
  const ticks = someTicks(60);
  const whole = foldAll(newFold().fold, arrow(ticks));
  expect(whole.every(({ headers }) => Number(headers!['rows']) <= 7)).toBe(true);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (sizes) => {
      const { fold } = newFold();
      const outputs: OutputRecord[] = [];
      for (let from = 0, i = 0; from < ticks.length; i++) {
        const size = sizes[i % sizes.length]!;
        outputs.push(...foldAll(fold, arrow(ticks.slice(from, from + size), i)));
        from += size;
      }
      expect(rowsOf(outputs)).toEqual(rowsOf(whole));
    }),
    { numRuns: 30 },
  );
});

test('outputs that are committed already are suppressed, dead letters too, and the rest is the same', () => {
  const good = someTicks(40);
  const ticks = good.map((tick, i) => (i % 6 === 3 && tick.kind === 0 ? { ...tick, bid: -1 } : tick));
  const whole = foldAll(newFold().fold, arrow(ticks));
  const [allRows, allLetters] = [rowsOf(whole), letters(whole)];
  expect(allLetters.length).toBeGreaterThan(3);
  for (const rows of [0, 1, 17, allRows.length]) {
    for (const deadLetters of [0, 2, allLetters.length]) {
      const { fold, codes } = newFold({ rows, deadLetters });
      const rest = foldAll(fold, arrow(ticks));
      expect(rowsOf(rest)).toEqual(allRows.slice(rows));
      expect(letters(rest)).toEqual(allLetters.slice(deadLetters));
      expect(codes).toHaveLength(allLetters.length - deadLetters);
      expect(fold.ordinals).toEqual({ rows: allRows.length, deadLetters: allLetters.length });
    }
  }
});

const tick = someTicks(1)[0]!;
const T = tick.eventTime;
const REFUSED: [string, ErrorCode, TickRow][] = [
  ['NaN', 'VALUE_OUT_OF_RANGE', { ...tick, bid: Number.NaN }],
  ['a negative price', 'VALUE_OUT_OF_RANGE', { ...tick, kind: 1, price: -5 }],
  ['a tick received 61 s after it happened', 'LATE_EVENT', { ...tick, receiptTime: T + 61e6 }],
  ['a tick a year in the future', 'FUTURE_EVENT', { ...tick, eventTime: T + 365 * 86_400e6 }],
];
test.each(REFUSED)('%s goes to dead-letters as %s, with its bytes, row and origin, and changes no state', (_, code, bad) => {
  const good = { ...tick, instrument: 'x:Z' };
  const { fold, codes } = newFold();
  const outputs = foldAll(fold, arrow([good, bad, good], 42));
  expect(codes).toEqual([code]);
  const [letter, ...others] = letters(outputs);
  expect(others).toEqual([]);
  expect(letter!.headers).toMatchObject({ code, topic: 'test.quotes.v1', partition: '0', offset: '42', row: '1', task: 'features/0', ordinal: '0', time: String(bad.receiptTime), 'content-type': CONTENT_ARROW, schema: SCHEMA.tick });
  const again = decodeTicks({ value: letter!.value as Uint8Array, headers: letter!.headers! });
  expect([again.length, again.instruments[again.instrument[0]!], again.eventTime[0], again.bid[0]]).toEqual([1, bad.instrument, bad.eventTime, bad.kind === 0 ? bad.bid : 0]);
  expect(rowsOf(outputs)).toEqual(rowsOf(foldAll(newFold().fold, arrow([good, good]))));
  expect(fold.engine.size).toBe(1);
});

test('the limits themselves are allowed: exactly as late, exactly as far in the future', () => {
  const { fold, codes } = newFold();
  foldAll(fold, arrow([{ ...tick, receiptTime: T + 60e6 }, { ...tick, receiptTime: T, eventTime: T + 1e6 }]));
  expect([codes, fold.ordinals.rows]).toEqual([[], 2]);
});

test('a record of one row keeps its own bytes in dead-letters', () => {
  const record = arrow([{ ...tick, ask: Number.POSITIVE_INFINITY }]);
  const [letter] = letters(foldAll(newFold().fold, record));
  expect(letter!.value).toBe(record.value);
});

test('what cannot be read at all goes to dead-letters unchanged', () => {
  for (const [value, headers, code] of [
    ['not JSON', headersOf(CONTENT_JSON, SCHEMA.tick), 'MALFORMED_RECORD'],
    ['', headersOf(CONTENT_JSON, SCHEMA.tick), 'MALFORMED_RECORD'],
    ['{}', { 'content-type': CONTENT_JSON, schema: 'foretick.v9.Tick' }, 'UNSUPPORTED_SCHEMA'],
    [null, ARROW, 'MALFORMED_RECORD'],
  ] as const) {
    const [letter] = letters(foldAll(newFold().fold, queueRecord(value, headers, 3)));
    expect([letter!.headers!['code'], Buffer.from(letter!.value as Uint8Array).toString()]).toEqual([code, value ?? '']);
    expect(letter!.headers).toMatchObject({ ...headers, offset: '3' });
  }
});

test('a post gives no row; the next tick reflects it', () => {
  const ticks = someTicks(3, ['x:A']);
  const post = { instrument: 'x:A', source: 's', eventTimeUs: ticks[1]!.eventTime, receiptTimeUs: ticks[1]!.receiptTime, text: 'up' };
  const column = defaultFeatures.names.indexOf('posts_5m');
  const { fold } = newFold();
  const [before] = rowsOf(foldAll(fold, arrow(ticks.slice(0, 1))));
  expect(foldAll(fold, postRecord(post))).toEqual([]);
  const [after] = rowsOf(foldAll(fold, arrow(ticks.slice(2))));
  const value = (row: string): number => (JSON.parse(row) as [0, 0, 0, 0, 0, number[]])[5][column]!;
  expect([value(before!), value(after!) > 0.9]).toEqual([0, true]);
});

test('a post from the future goes to dead-letters; an old one counts from its receipt', () => {
  const base = { instrument: 'x:A', source: 's', text: 'up', receiptTimeUs: T };
  const { fold, codes } = newFold();
  const outputs = foldAll(fold, postRecord({ ...base, eventTimeUs: T + 2e6 }));
  expect([codes, letters(outputs).length, fold.engine.size]).toEqual([['FUTURE_EVENT'], 1, 0]);
  foldAll(fold, postRecord({ ...base, eventTimeUs: T - 3_000e6 }));
  expect([codes.length, fold.engine.size]).toEqual([1, 1]);
});
