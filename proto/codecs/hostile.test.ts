import { expect, test } from '@jest/globals';
import {
  Bool,
  Dictionary,
  Float16,
  Float32,
  Float64,
  Int32,
  Int64,
  RecordBatchStreamWriter,
  Table,
  Uint8,
  Utf8,
  tableFromIPC,
  vectorFromArray,
  type Vector,
} from 'apache-arrow';
import fc from 'fast-check';

import {
  CONTENT_ARROW,
  CONTENT_JSON,
  CONTENT_PROTOBUF,
  ForetickError,
  SCHEMA,
  decodeFeatures,
  decodeOutcomes,
  decodePost,
  decodePredictions,
  decodeTicks,
  encodeFeatures,
  encodeOutcomesArrow,
  encodePredictionsArrow,
  encodeTicksArrow,
  headersOf,
  invalidTick,
  type Encoded,
  type SchemaName,
} from '#proto';

import { BAR, FEATURES, OUTCOMES, PREDICTIONS, QUOTE, TRADE, WATERMARK, ticks } from '../testing/golden-values.ts';

interface Codec {
  readonly schema: SchemaName;
  readonly decode: (record: Encoded) => unknown;
  readonly arrow: Uint8Array | null;
  readonly extra?: Readonly<Record<string, string>>;
}

const features = encodeFeatures(FEATURES);
const CODECS: Readonly<Record<string, Codec>> = {
  ticks: { schema: SCHEMA.tick, decode: decodeTicks, arrow: encodeTicksArrow(ticks(QUOTE, TRADE, BAR, WATERMARK), null) },
  posts: { schema: SCHEMA.post, decode: decodePost, arrow: null },
  features: { schema: SCHEMA.features, decode: decodeFeatures, arrow: features.value, extra: { task: 'features/0', ordinal: '0', rows: '3' } },
  predictions: { schema: SCHEMA.prediction, decode: decodePredictions, arrow: encodePredictionsArrow(PREDICTIONS, null) },
  outcomes: { schema: SCHEMA.outcome, decode: decodeOutcomes, arrow: encodeOutcomesArrow(OUTCOMES, null) },
};
const each = Object.entries(CODECS);
const withArrow = each.flatMap(([name, codec]) => (codec.arrow ? [[name, codec, codec.arrow] as const] : []));

function record(codec: Codec, contentType: string, value: Uint8Array | null): Encoded {
  return { value, headers: headersOf(contentType, codec.schema, codec.extra) };
}

/** The code of the error, or undefined when it decoded; any other error fails the test. */
function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (!(error instanceof ForetickError)) throw error;
    return error.code;
  }
}

test.each(each)('%s: random bytes are refused with a code', (_, codec) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(CONTENT_JSON, CONTENT_ARROW), (bytes, contentType) => {
      expect(codeOf(() => codec.decode(record(codec, contentType, bytes)))).toBeDefined();
    }),
  );
});

test.each(withArrow)('%s: a truncated stream is refused with a code, wherever it was cut', (_, codec, arrow) => {
  for (let length = 0; length < arrow.length; length++) {
    const code = codeOf(() => codec.decode(record(codec, CONTENT_ARROW, arrow.subarray(0, length))));
    expect([length, code]).toEqual([length, expect.any(String)]);
  }
});

test.each(withArrow)('%s: flipped bytes give values or a code, soon and in little memory', (_, codec, arrow) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(arrow.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (flips) => {
      const bytes = Uint8Array.from(arrow);
      for (const [at, value] of flips) bytes[at] = value;
      codeOf(() => codec.decode(record(codec, CONTENT_ARROW, bytes)));
    }),
    { numRuns: 1500 },
  );
});

test.each(each)('%s: an empty value, a foreign schema and a foreign content type are told apart', (_, codec) => {
  const value = codec.arrow ?? Buffer.from('{}');
  const kind = codec.arrow ? CONTENT_ARROW : CONTENT_JSON;
  expect(codeOf(() => codec.decode({ value, headers: { ...record(codec, kind, value).headers, schema: 'foretick.v2.Tick' } }))).toBe('UNSUPPORTED_SCHEMA');
  expect(codeOf(() => codec.decode(record(codec, CONTENT_PROTOBUF, value)))).toBe('UNSUPPORTED_SCHEMA');
  expect(codeOf(() => codec.decode(record(codec, 'text/plain', value)))).toBe('UNSUPPORTED_SCHEMA');
  expect(codeOf(() => codec.decode(record(codec, kind, null)))).toMatch(/MALFORMED_RECORD|UNSUPPORTED_SCHEMA/);
  expect(codeOf(() => codec.decode(record(codec, kind, new Uint8Array())))).toBe('MALFORMED_RECORD');
});

const ofJson = each.filter(([name]) => name !== 'features');
const NO_MESSAGES = ['null', '[]', '[{}]', '"text"', '5', 'true', '', '{', '\u0000', '{"a":}', 'NaN', '{}{}'];
test.each(ofJson)('%s: JSON that is no object is MALFORMED_RECORD', (_, codec) => {
  for (const text of NO_MESSAGES) {
    expect([text, codeOf(() => codec.decode(record(codec, CONTENT_JSON, Buffer.from(text))))]).toEqual([text, 'MALFORMED_RECORD']);
  }
});

const quoted = { instrument: 'x:A', eventTimeUs: 5, receiptTimeUs: 6 };
const MISTYPED: [string, string, object][] = [
  ['ticks', 'bid', { ...quoted, quote: { bid: 'a lot' } }],
  ['ticks', 'empty bid', { ...quoted, quote: { bid: '' } }],
  ['ticks', 'bid in a list', { ...quoted, quote: { bid: [5] } }],
  ['ticks', 'true bid', { ...quoted, quote: { bid: true } }],
  ['ticks', 'quote', { ...quoted, quote: 5 }],
  ['ticks', 'list of trades', { ...quoted, trade: [{ price: 1 }] }],
  ['ticks', 'receipt time', { ...quoted, receiptTimeUs: 'now', trade: { price: 1 } }],
  ['ticks', 'snake case time', { ...quoted, receiptTimeUs: undefined, receipt_time_us: 'now', trade: { price: 1 } }],
  ['ticks', 'instrument', { ...quoted, instrument: { id: 1 }, trade: { price: 1 } }],
  ['ticks', 'nothing in it', quoted],
  ['posts', 'time', { ...quoted, eventTimeUs: 'soon', text: 'x' }],
  ['posts', 'text', { ...quoted, text: 5 }],
  ['posts', 'synthetic', { ...quoted, synthetic: 'yes' }],
  ['predictions', 'ordinal', { ordinal: 'first' }],
  ['predictions', 'probabilities', { ordinal: 1, probabilities: 'high' }],
  ['predictions', 'one probability', { ordinal: 1, probabilities: [0.5, {}] }],
  ['outcomes', 'label', { ordinal: 1, label: 'up' }],
  ['outcomes', 'expired', { ordinal: 1, expired: 1 }],
];
test.each(MISTYPED)('%s: a wrong type is MALFORMED_RECORD (%s)', (name, _, object) => {
  const codec = CODECS[name]!;
  expect(codeOf(() => codec.decode(record(codec, CONTENT_JSON, Buffer.from(JSON.stringify(object)))))).toBe('MALFORMED_RECORD');
});

test('numbers in quotes are numbers, as proto3 has it', () => {
  const value = Buffer.from(JSON.stringify({ instrument: 'x:A', eventTimeUs: '5', receiptTimeUs: '6', trade: { price: '1.5', aggressor: 'SIDE_SELL' } }));
  const decoded = decodeTicks(record(CODECS['ticks']!, CONTENT_JSON, value));
  expect([decoded.eventTime[0], decoded.price[0], decoded.side[0], invalidTick(decoded, 0)]).toEqual([5, 1.5, -1, null]);
});

test.each(['NaN', 'Infinity', '-Infinity'])('%s, which proto3 JSON can say, never becomes a valid tick or a result', (text) => {
  const tick = decodeTicks(record(CODECS['ticks']!, CONTENT_JSON, Buffer.from(JSON.stringify({ ...quoted, quote: { bid: text } }))));
  expect(invalidTick(tick, 0)).not.toBeNull();
  for (const name of ['predictions', 'outcomes']) {
    const codec = CODECS[name]!;
    expect(codeOf(() => codec.decode(record(codec, CONTENT_JSON, Buffer.from(`{"probabilities":["${text}"]}`))))).toBe('VALUE_OUT_OF_RANGE');
  }
});

test('a number that JSON cannot carry exactly is refused, not rounded', () => {
  const codec = CODECS['predictions']!;
  expect(codeOf(() => codec.decode(record(codec, CONTENT_JSON, Buffer.from('{"ordinal":9007199254740993}'))))).toBe('VALUE_OUT_OF_RANGE');
});

/** The stream with one column replaced by what `make` gives, or dropped. */
function altered(arrow: Uint8Array, name: string, make: ((rows: number) => Vector) | null): Uint8Array {
  const table = tableFromIPC(arrow);
  const columns: Record<string, Vector> = {};
  for (const field of table.schema.fields) columns[field.name] = table.getChild(field.name)!;
  if (make) columns[name] = make(table.numRows);
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a table without the column
  else delete columns[name];
  const other = new Table(columns);
  for (const [key, value] of table.schema.metadata) other.schema.metadata.set(key, value);
  return RecordBatchStreamWriter.writeAll(other).toUint8Array(true);
}

const fill = <T>(rows: number, value: T): T[] => Array.from({ length: rows }, () => value);
const WRONG: Readonly<Record<string, (rows: number) => Vector>> = {
  strings: (rows) => vectorFromArray(fill(rows, 'five'), new Utf8()),
  booleans: (rows) => vectorFromArray(fill(rows, true), new Bool()),
  halves: (rows) => vectorFromArray(fill(rows, 1), new Float16()),
};
const numeric: Readonly<Record<string, readonly string[]>> = {
  ticks: ['kind', 'event_time', 'receipt_time', 'price', 'bid', 'interval'],
  features: ['event_time', 'price', 'warm', 'features'],
  predictions: ['ordinal', 'due_time', 'price', 'probabilities', 'abstained'],
  outcomes: ['ordinal', 'label', 'log_loss', 'probabilities'],
};
test.each(withArrow)('%s: a column of another type is MALFORMED_RECORD', (name, codec, arrow) => {
  for (const column of numeric[name]!) {
    for (const [what, make] of Object.entries(WRONG)) {
      const code = codeOf(() => codec.decode(record(codec, CONTENT_ARROW, altered(arrow, column, make))));
      expect([column, what, code]).toEqual([column, what, 'MALFORMED_RECORD']);
    }
  }
  const numbers = (rows: number): Vector => vectorFromArray(fill(rows, 5), new Int32());
  const ofNumbers = (rows: number): Vector => vectorFromArray(fill(rows, 5), new Dictionary(new Int32(), new Int32()));
  for (const make of [numbers, ofNumbers]) {
    expect(codeOf(() => codec.decode(record(codec, CONTENT_ARROW, altered(arrow, 'instrument', make))))).toBe('MALFORMED_RECORD');
  }
});

test.each(withArrow)('%s: a missing column is MALFORMED_RECORD', (name, codec, arrow) => {
  const required = name === 'ticks' ? ['instrument', 'kind', 'event_time', 'receipt_time'] : tableFromIPC(arrow).schema.fields.map((field) => field.name);
  for (const column of required) {
    const code = codeOf(() => codec.decode(record(codec, CONTENT_ARROW, altered(arrow, column, null))));
    expect([column, code]).toEqual([column, 'MALFORMED_RECORD']);
  }
});

test.each(withArrow.filter(([name]) => name !== 'ticks'))('%s: nulls never become a value', (_, codec, arrow) => {
  const table = tableFromIPC(arrow);
  for (const { name, type } of table.schema.fields.filter((field) => !['features', 'probabilities', 'bid', 'ask'].includes(field.name)) as { name: string; type: Utf8 }[]) {
    const plain = name === 'instrument' ? new Utf8() : type;
    const bytes = altered(arrow, name, (rows) => vectorFromArray(fill(rows, null), plain));
    expect([name, codeOf(() => codec.decode(record(codec, CONTENT_ARROW, bytes)))]).toEqual([name, expect.stringMatching(/MALFORMED_RECORD|VALUE_OUT_OF_RANGE/)]);
  }
});

test('ticks: nulls in what a kind needs never become a valid tick; in what it does not need they do no harm', () => {
  const arrow = encodeTicksArrow(ticks(TRADE), null);
  const decodeWith = (name: string, type: object): string | null | undefined => {
    const bytes = altered(arrow, name, (rows) => vectorFromArray(fill(rows, null), type as Utf8));
    let problem: string | null = null;
    const code = codeOf(() => { problem = invalidTick(decodeTicks(record(CODECS['ticks']!, CONTENT_ARROW, bytes)), 0); });
    return code ?? problem;
  };
  for (const [name, type] of [['instrument', new Utf8()], ['kind', new Uint8()], ['event_time', new Int64()], ['receipt_time', new Int64()], ['price', new Float64()], ['size', new Float32()]] as const) {
    expect([name, decodeWith(name, type)]).toEqual([name, expect.any(String)]);
  }
  for (const [name, type] of [['sequence', new Int64()], ['side', new Int32()], ['bid', new Float64()]] as const) {
    expect([name, decodeWith(name, type)]).toEqual([name, null]);
  }
});

test('features: rows that would spoil a learner are VALUE_OUT_OF_RANGE', () => {
  const { values, price, eventTime } = FEATURES;
  for (const change of [
    { values: values.map((value, i) => (i === 3 ? Number.NaN : value)) },
    { values: values.map((value, i) => (i === 5 ? Number.POSITIVE_INFINITY : value)) },
    { price: price.map((value, i) => (i === 0 ? Number.POSITIVE_INFINITY : value)) },
    { eventTime: eventTime.map((value, i) => (i === 2 ? 8e15 * 1000 : value)) },
  ]) {
    expect(codeOf(() => decodeFeatures(encodeFeatures({ ...FEATURES, ...change })))).toBe('VALUE_OUT_OF_RANGE');
  }
});

test('features: headers that do not fit the rows, and names that are no list, are MALFORMED_RECORD', () => {
  const { value, headers } = features;
  for (const change of [{ task: '' }, { ordinal: 'x' }, { ordinal: '-1' }, { ordinal: '1.5' }, { rows: '4' }, { rows: 'many' }]) {
    expect([change, codeOf(() => decodeFeatures({ value, headers: { ...headers, ...change } }))]).toEqual([change, 'MALFORMED_RECORD']);
  }
  for (const names of ['not JSON', '"ab"', '{"length":2}', '[1,2]', '["one"]']) {
    const table = tableFromIPC(value);
    table.schema.metadata.set('feature_names', names);
    const bytes = RecordBatchStreamWriter.writeAll(table).toUint8Array(true);
    expect([names, codeOf(() => decodeFeatures({ value: bytes, headers }))]).toEqual([names, 'MALFORMED_RECORD']);
  }
});
