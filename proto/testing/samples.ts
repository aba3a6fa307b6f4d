/** Random messages for the property tests of the codecs. */
import fc from 'fast-check';

import { ABSTENTIONS, TickKind, type FeatureRows, type OutcomeColumns, type PredictionColumns, type TickRow } from '#proto';

/** Whole microseconds up to the largest that int64 words and JSON numbers both carry exactly. */
export const anyTime = fc.oneof(
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  fc.constantFrom(0, 1, 4_294_967_295, 4_294_967_296, Number.MAX_SAFE_INTEGER),
);
const sequence = fc.oneof(anyTime, fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: -1 }));
const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, -0, 5e-324, 1.7976931348623157e308));
export const instrument = fc.oneof(
  fc.constantFrom('x:A', 'x:B', 'binance:BTC-USDT', 'тест:Ж', 'x:日本', 'x:🌕', 'x:"\\\n'),
  fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }),
);

const base = { instrument, eventTime: anyTime, receiptTime: anyTime, sequence };
export const tickRow: fc.Arbitrary<TickRow> = fc.oneof(
  fc.record({ ...base, kind: fc.constant(TickKind.QUOTE), bid: number, bidSize: number, ask: number, askSize: number }),
  fc.record({ ...base, kind: fc.constant(TickKind.TRADE), price: number, size: number, side: fc.constantFrom(-1, 0, 1) }),
  fc.record({ ...base, kind: fc.constant(TickKind.BAR), price: number, size: number, open: number, high: number, low: number, interval: anyTime }),
  fc.record({ instrument: fc.constant(''), kind: fc.constant(TickKind.WATERMARK), eventTime: fc.constant(0), receiptTime: anyTime }),
);
export const tickRows = fc.array(tickRow, { minLength: 1, maxLength: 40 });

const words = fc.uniqueArray(instrument, { minLength: 1, maxLength: 300 });
const column = <T>(n: number, of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { minLength: n, maxLength: n });
const f64 = (n: number, of: fc.Arbitrary<number> = anyTime): fc.Arbitrary<Float64Array> => column(n, of).map((values) => Float64Array.from(values));
const float = fc.float({ noNaN: true, noDefaultInfinity: true });
const valid = fc.integer({ min: 1, max: 32_000_000_000_000_000 });
const ids = (n: number, names: readonly string[]): fc.Arbitrary<Int32Array> =>
  column(n, fc.nat(names.length - 1)).map((values) => Int32Array.from(values));
const size = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.constantFrom(2, 3), words);

export const featureRows: fc.Arbitrary<FeatureRows> = fc.tuple(size, fc.integer({ min: 1, max: 5 })).chain(([[n, , names], width]) =>
  fc.record({
    length: fc.constant(n),
    featureSet: fc.constant('set@1'),
    names: fc.constant(Array.from({ length: width }, (_, i) => `f${i}`)),
    task: fc.constant('features/0'),
    ordinal: fc.nat(),
    instruments: fc.constant(names),
    instrument: ids(n, names),
    eventTime: f64(n, valid),
    receiptTime: f64(n, valid),
    price: f64(n, fc.double({ min: 0, max: 1e300, noNaN: true })),
    bid: f64(n, number),
    ask: f64(n, number),
    warm: column(n, fc.constantFrom(0, 1)).map((values) => Uint8Array.from(values)),
    values: column(n * width, float).map((values) => Float32Array.from(values)),
  }),
);

export const predictionColumns: fc.Arbitrary<PredictionColumns> = size.chain(([n, classes, names]) =>
  fc.record({
    length: fc.constant(n),
    task: instrument,
    model: instrument,
    featureSet: fc.constant('set@1'),
    rowTask: fc.constant('features/0'),
    classes: fc.constant(classes),
    instruments: fc.constant(names),
    instrument: ids(n, names),
    ordinal: f64(n),
    version: f64(n),
    rowOrdinal: f64(n),
    eventTime: f64(n),
    dueTime: f64(n),
    price: f64(n, number),
    probabilities: f64(n * classes, number),
    abstained: column(n, fc.nat(ABSTENTIONS.length - 1)).map((values) => Uint8Array.from(values)),
  }),
);

export const outcomeColumns: fc.Arbitrary<OutcomeColumns> = size.chain(([n, classes, names]) =>
  fc.record({
    length: fc.constant(n),
    task: instrument,
    model: instrument,
    classes: fc.constant(classes),
    instruments: fc.constant(names),
    instrument: ids(n, names),
    ordinal: f64(n),
    predictionOrdinal: f64(n),
    version: f64(n),
    eventTime: f64(n),
    dueTime: f64(n),
    label: column(n, fc.integer({ min: -1, max: classes - 1 })).map((values) => Int8Array.from(values)),
    returnBps: f64(n, number),
    logLoss: f64(n, number),
    probabilities: f64(n * classes, number),
  }),
);

/** -0 is 0 in JSON: text has no sign for zero that readers agree on. */
export function withoutNegativeZero<T>(value: T): T {
  if (typeof value === 'number') return (value === 0 ? 0 : value) as T;
  if (Array.isArray(value)) return value.map(withoutNegativeZero) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withoutNegativeZero(field as unknown)])) as T;
}

/** The same bytes at an odd offset of a larger buffer. */
export function misaligned(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length + 11).fill(0xee);
  larger.set(bytes, 3);
  return larger.subarray(3, 3 + bytes.length);
}
