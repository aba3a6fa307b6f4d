/**
 * Feature rows on the wire: one Arrow stream a record, all rows written by one task with consecutive
 * ordinals. Names, set and version stand in the schema metadata; task and first ordinal in the headers.
 */
import type { Schema } from 'apache-arrow';

import { fail } from '../errors.ts';
import { column, encodeStream, listOf, readStream, schemaOf, types, type StreamReader } from './arrow.ts';
import { textColumn } from './columns.ts';
import { isAmount, isTime } from './range.ts';
import { CONTENT_ARROW, SCHEMA, headersOf, type Encoded } from './wire.ts';

/** Rows in columns. Times in microseconds; `values` row-major, `names.length` float32 a row. */
export interface FeatureRows {
  readonly length: number;
  /** `name@version`. */
  readonly featureSet: string;
  readonly names: readonly string[];
  /** The feature task that wrote them. */
  readonly task: string;
  /** Ordinal of the first row; the others follow without gaps. */
  readonly ordinal: number;
  readonly instruments: readonly string[];
  readonly instrument: Int32Array;
  readonly eventTime: Float64Array;
  readonly receiptTime: Float64Array;
  /** Reference price: mid of the newest two-sided quote, else last price; 0 when unknown. */
  readonly price: Float64Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
  /** 1: worth predicting and learning from. */
  readonly warm: Uint8Array;
  readonly values: Float32Array;
}

const schemas = new WeakMap<readonly string[], { readonly featureSet: string; readonly schema: Schema }>();

function schemaFor({ names, featureSet }: FeatureRows): Schema {
  const known = schemas.get(names);
  if (known?.featureSet === featureSet) return known.schema;
  const schema = schemaOf(
    {
      instrument: types.text,
      event_time: types.time,
      receipt_time: types.time,
      price: types.f64,
      bid: types.f64,
      ask: types.f64,
      warm: types.u8,
      features: listOf(types.f32, names.length),
    },
    { feature_set: featureSet, feature_names: JSON.stringify(names) },
  );
  schemas.set(names, { featureSet, schema });
  return schema;
}

export function encodeFeatures(rows: FeatureRows): { value: Uint8Array; headers: Readonly<Record<string, string>> } {
  const n = rows.length;
  const value = encodeStream(schemaFor(rows), n, [
    textColumn(rows.instrument, rows.instruments, null, n),
    column.time(rows.eventTime.subarray(0, n)),
    column.time(rows.receiptTime.subarray(0, n)),
    column.f64(rows.price.subarray(0, n)),
    column.f64(rows.bid.subarray(0, n)),
    column.f64(rows.ask.subarray(0, n)),
    column.u8(rows.warm.subarray(0, n)),
    column.list(rows.values.subarray(0, n * rows.names.length), rows.names.length),
  ]);
  const extra = { task: rows.task, ordinal: String(rows.ordinal), rows: String(n) };
  return { value, headers: headersOf(CONTENT_ARROW, SCHEMA.features, extra) };
}

/** `task`, first `ordinal` and `rows` of a features record, without decoding its value. */
export function featureHeaders(record: Encoded): { task: string; ordinal: number; rows: number } {
  const { task, ordinal, rows } = record.headers;
  const parsed = { task: task ?? '', ordinal: Number(ordinal), rows: Number(rows) };
  if (parsed.task === '' || !(Number.isSafeInteger(parsed.ordinal) && parsed.ordinal >= 0) || !Number.isSafeInteger(parsed.rows)) {
    throw fail('MALFORMED_RECORD', 'a features record without task, ordinal or rows');
  }
  return parsed;
}

/** The rows of a record of `features`. MALFORMED_RECORD, UNSUPPORTED_SCHEMA; VALUE_OUT_OF_RANGE when no learner may see them. */
export function decodeFeatures(record: Encoded): FeatureRows {
  const { schema, 'content-type': contentType = CONTENT_ARROW } = record.headers;
  if (schema !== SCHEMA.features || contentType !== CONTENT_ARROW || record.value === null) {
    throw fail('UNSUPPORTED_SCHEMA', `${schema ?? '(no schema)'} as ${contentType}, expected ${SCHEMA.features}`);
  }
  const { task, ordinal, rows: declared } = featureHeaders(record);
  const rows = readStream(record.value, (reader) => readRows(reader, task, ordinal));
  if (rows.length !== declared) throw fail('MALFORMED_RECORD', `${rows.length} rows, ${declared} declared`);
  requireRange(rows);
  return rows;
}

function readRows(reader: StreamReader, task: string, ordinal: number): FeatureRows {
  const { indices, words } = reader.requiredText('instrument');
  const { values, width } = reader.listF32('features');
  const names: unknown = JSON.parse(reader.metadata('feature_names') ?? '[]');
  if (!Array.isArray(names) || names.length !== width || !names.every((name) => typeof name === 'string')) {
    throw fail('MALFORMED_RECORD', `${width} features a row, other names`);
  }
  return {
    length: reader.length,
    featureSet: reader.metadata('feature_set') ?? '',
    names,
    task,
    ordinal,
    instruments: words,
    instrument: indices,
    eventTime: reader.f64('event_time'),
    receiptTime: reader.f64('receipt_time'),
    price: reader.f64('price'),
    bid: reader.f64('bid'),
    ask: reader.f64('ask'),
    warm: reader.u8('warm'),
    values,
  };
}

/** A log is open to all: one NaN, or one time in the year 30000, would spoil a learner for good. */
function requireRange({ length, eventTime, receiptTime, price, values }: FeatureRows): void {
  for (let i = 0; i < length; i++) {
    if (!isTime(eventTime[i]!) || !isTime(receiptTime[i]!)) throw fail('VALUE_OUT_OF_RANGE', `time of row ${i}`);
    if (!isAmount(price[i]!)) throw fail('VALUE_OUT_OF_RANGE', `price of row ${i}`);
  }
  for (let i = 0; i < values.length; i++) {
    // x - x is 0 for finite numbers and NaN for all others.
    if (values[i]! - values[i]! !== 0) throw fail('VALUE_OUT_OF_RANGE', `feature value ${i} is not finite`);
  }
}
