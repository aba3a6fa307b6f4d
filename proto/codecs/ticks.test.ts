import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  CONTENT_ARROW,
  CONTENT_JSON,
  Post,
  SCHEMA,
  TickKind,
  createTicks,
  decodePost,
  decodeTicks,
  encodePostJson,
  encodeTickJson,
  encodeTicksArrow,
  headersOf,
  invalidTick,
  tickAt,
  ticksOf,
  watermarkJson,
  type TickColumns,
  type TickRow,
} from '#proto';

import { instrument, misaligned, tickRows, withoutNegativeZero } from '../testing/samples.ts';

const ARROW = headersOf(CONTENT_ARROW, SCHEMA.tick);
const JSON_TICK = headersOf(CONTENT_JSON, SCHEMA.tick);
const COLUMNS = ['sequence', 'price', 'size', 'side', 'bid', 'bidSize', 'ask', 'askSize', 'open', 'high', 'low', 'interval'] as const;

/** Row `i` with every column, fields its kind has no use for as 0. */
function rowOf(ticks: TickColumns, i: number): TickRow {
  const fields = Object.fromEntries(COLUMNS.map((name) => [name, ticks[name][i]!]));
  const [kind, eventTime, receiptTime] = [ticks.kind[i]!, ticks.eventTime[i]!, ticks.receiptTime[i]!];
  return { instrument: ticks.instruments[ticks.instrument[i]!] ?? '', kind, eventTime, receiptTime, ...fields };
}
const rowsOf = (ticks: TickColumns): TickRow[] => Array.from({ length: ticks.length }, (_, i) => rowOf(ticks, i));
const filled = (rows: readonly TickRow[]): TickRow[] => rowsOf(ticksOf('s', rows));
const decodeArrow = (value: Uint8Array): TickColumns => decodeTicks({ value, headers: ARROW });

test('ticks round-trip through Arrow bit for bit', () => {
  fc.assert(
    fc.property(tickRows, instrument, (rows, source) => {
      const decoded = decodeArrow(encodeTicksArrow(ticksOf(source, rows), null));
      expect(decoded.source).toBe(source);
      expect(rowsOf(decoded)).toEqual(filled(rows));
    }),
  );
});

test('any subset of rows in any order round-trips through Arrow, from misaligned bytes too', () => {
  fc.assert(
    fc.property(tickRows, fc.array(fc.nat(), { maxLength: 60 }), (rows, picks) => {
      const taken = picks.map((pick) => pick % rows.length);
      const bytes = encodeTicksArrow(ticksOf('s', rows), Int32Array.from(taken));
      expect(rowsOf(decodeArrow(misaligned(bytes)))).toEqual(taken.map((i) => filled(rows)[i]!));
    }),
  );
});

test('ticks round-trip through JSON bit for bit, but for the sign of zero', () => {
  fc.assert(
    fc.property(tickRows, (rows) => {
      const ticks = ticksOf('s', rows);
      rows.forEach((_, i) => {
        const decoded = decodeTicks({ value: misaligned(Buffer.from(encodeTickJson(ticks, i))), headers: JSON_TICK });
        expect(rowsOf(decoded)).toEqual([withoutNegativeZero(rowOf(ticks, i))]);
      });
    }),
  );
});

test('a batch of no rows and a batch of watermarks alone round-trip, though no instrument is named', () => {
  expect(decodeArrow(encodeTicksArrow(createTicks(0, 's'), null)).length).toBe(0);
  const marks = ticksOf('s', [1, 2].map((receiptTime) => ({ instrument: '', kind: TickKind.WATERMARK, eventTime: 0, receiptTime })));
  expect(rowsOf(decodeArrow(encodeTicksArrow(marks, null)))).toEqual(rowsOf(marks));
});

test('only words that are used travel: a row of a million-word dictionary stays small', () => {
  const words = Array.from({ length: 100_000 }, (_, i) => `venue:${i}`);
  const ticks = createTicks(1, 's', words);
  ticks.length = 1;
  ticks.instrument[0] = 77_777;
  const bytes = encodeTicksArrow(ticks, null);
  expect(bytes.length).toBeLessThan(3_000);
  expect(decodeArrow(bytes).instruments).toEqual(['venue:77777']);
});

test('tickAt copies one row with all its columns', () => {
  fc.assert(
    fc.property(tickRows, fc.nat(), (rows, pick) => {
      const ticks = ticksOf('s', rows);
      const i = pick % rows.length;
      expect(rowsOf(tickAt(ticks, i))).toEqual([rowOf(ticks, i)]);
    }),
  );
});

const GOOD = {
  quote: { instrument: 'x:A', kind: TickKind.QUOTE, eventTime: 5, receiptTime: 6, bid: 1, bidSize: 0, ask: 2, askSize: 3 },
  trade: { instrument: 'x:A', kind: TickKind.TRADE, eventTime: 5, receiptTime: 6, price: 1, size: 0, side: 1 },
  bar: { instrument: 'x:A', kind: TickKind.BAR, eventTime: 5, receiptTime: 6, price: 1, size: 2, open: 1, high: 1, low: 1, interval: 60 },
  watermark: { instrument: '', kind: TickKind.WATERMARK, eventTime: 0, receiptTime: 6 },
} as const;
const problemOf = (row: TickRow): string | null => invalidTick(ticksOf('s', [row]), 0);

test('invalidTick lets good ticks of every kind pass, a quote with one empty side among them', () => {
  for (const row of [...Object.values(GOOD), { ...GOOD.quote, bid: 0 }]) expect(problemOf(row)).toBeNull();
});

const AMOUNTS = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, -5e-324];
const TIMES = [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 32_503_680_000_000_000];
const BAD: [string, TickRow][] = [
  ...(['bid', 'bidSize', 'ask', 'askSize'] as const).flatMap((field) => AMOUNTS.map((value): [string, TickRow] => [`quote ${field} ${value}`, { ...GOOD.quote, [field]: value }])),
  ...[...AMOUNTS, 0].map((price): [string, TickRow] => [`trade price ${price}`, { ...GOOD.trade, price }]),
  ...AMOUNTS.map((size): [string, TickRow] => [`trade size ${size}`, { ...GOOD.trade, size }]),
  ...(['size', 'open', 'high', 'low', 'interval'] as const).flatMap((field) => AMOUNTS.map((value): [string, TickRow] => [`bar ${field} ${value}`, { ...GOOD.bar, [field]: value }])),
  ...TIMES.map((eventTime): [string, TickRow] => [`event time ${eventTime}`, { ...GOOD.trade, eventTime }]),
  ...TIMES.flatMap((receiptTime): [string, TickRow][] => [
    [`receipt time ${receiptTime}`, { ...GOOD.quote, receiptTime }],
    [`watermark at ${receiptTime}`, { ...GOOD.watermark, receiptTime }],
  ]),
  ['unknown kind', { ...GOOD.trade, kind: 9 }],
  ['unknown side', { ...GOOD.trade, side: 2 }],
  ['sequence beyond 2^53', { ...GOOD.trade, sequence: 2 ** 60 }],
  ['no instrument', { ...GOOD.trade, instrument: '' }],
  ['an instrument that looks like a manifest', { ...GOOD.trade, instrument: '!manifest' }],
  ['an instrument too long for a key', { ...GOOD.trade, instrument: 'x'.repeat(257) }],
];
test.each(BAD)('invalidTick refuses %s', (_, row) => {
  expect(typeof problemOf(row)).toBe('string');
});

test('invalidTick refuses an index outside the dictionary', () => {
  const ticks = ticksOf('s', [GOOD.trade]);
  for (const index of [-1, 1, 2 ** 31 - 1]) {
    ticks.instrument[0] = index;
    expect(invalidTick(ticks, 0)).toBe('no valid instrument');
  }
});

const post = fc.record({
  instrument: instrument.filter((name) => !name.startsWith('!')),
  source: fc.string(),
  eventTimeUs: fc.integer({ min: 1, max: 32_000_000_000_000_000 }),
  receiptTimeUs: fc.integer({ min: 1, max: 32_000_000_000_000_000 }),
  postId: fc.string(),
  author: fc.string(),
  text: fc.string({ unit: 'grapheme', maxLength: 300 }),
  language: fc.string(),
  synthetic: fc.boolean(),
});

test('posts round-trip through JSON', () => {
  const headers = headersOf(CONTENT_JSON, SCHEMA.post);
  fc.assert(
    fc.property(post, (fields) => {
      const value = misaligned(Buffer.from(encodePostJson(Post.fromPartial(fields))));
      expect(decodePost({ value, headers })).toEqual(Post.fromPartial(fields));
    }),
  );
});

test('watermarks of both logs round-trip', () => {
  const value = (text: string): Uint8Array => Buffer.from(text);
  const mark = decodePost({ value: value(watermarkJson('s', 9)), headers: {} });
  expect([mark.receiptTimeUs, mark.watermark, mark.source]).toEqual([9, {}, 's']);
  expect(rowsOf(decodeTicks({ value: value(watermarkJson('s', 9)), headers: {} }))).toEqual(filled([{ ...GOOD.watermark, receiptTime: 9 }]));
});
