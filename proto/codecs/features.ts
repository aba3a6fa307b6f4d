/**
 * Feature rows on the wire: one Arrow stream a record, all rows written by one task with consecutive
 * ordinals. Names, set and version stand in the schema metadata; task and first ordinal in the headers.
 */
import type { Schema } from 'apache-arrow';

import { fail } from '../errors.ts';
import { StreamReader, column, encodeStream, listOf, schemaOf, types } from './arrow.ts';
import { textColumn } from './columns.ts';
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

const schemas = new WeakMap<readonly string[], Schema>();

function schemaFor(rows: FeatureRows): Schema {
  let schema = schemas.get(rows.names);
  if (!schema) {
    schema = schemaOf(
      {
        instrument: types.text,
        event_time: types.time,
        receipt_time: types.time,
        price: types.f64,
        bid: types.f64,
        ask: types.f64,
        warm: types.u8,
        features: listOf(types.f32, rows.names.length),
      },
      { feature_set: rows.featureSet, feature_names: JSON.stringify(rows.names) },
    );
    schemas.set(rows.names, schema);
  }
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
  if (parsed.task === '' || !Number.isSafeInteger(parsed.ordinal) || !Number.isSafeInteger(parsed.rows)) {
    throw fail('MALFORMED_RECORD', 'a features record without task, ordinal or rows');
  }
  return parsed;
}

export function decodeFeatures(record: Encoded): FeatureRows {
  if (record.headers['schema'] !== SCHEMA.features || record.value === null) {
    throw fail('UNSUPPORTED_SCHEMA', `schema ${record.headers['schema'] ?? '(none)'}, expected ${SCHEMA.features}`);
  }
  const { task, ordinal } = featureHeaders(record);
  const reader = new StreamReader(record.value);
  const { indices, words } = reader.text('instrument');
  const { values, width } = reader.list('features');
  const names = JSON.parse(reader.metadata('feature_names') ?? '[]') as string[];
  if (names.length !== width || !(values instanceof Float32Array)) {
    throw fail('MALFORMED_RECORD', `${width} features a row, ${names.length} names`);
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
