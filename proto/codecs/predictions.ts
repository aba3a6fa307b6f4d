/** Predictions on the wire: JSON, one a record; or Arrow, many of one partition a record. */
import type { Schema } from 'apache-arrow';

import { Prediction } from '../gen/foretick/v1/prediction.ts';
import { column, encodeStream, listOf, readStream, schemaCache, schemaOf, types, type StreamReader } from './arrow.ts';
import { decodeJson, gather, gatherRows, requireNumbers, requireSchema, textColumn } from './columns.ts';
import { CONTENT_ARROW, SCHEMA, type Encoded } from './wire.ts';

/** Why a row was not predicted, by the value of `abstained`. */
export const ABSTENTIONS = ['', 'NOT_WARM', 'STALE_FEATURES', 'OUT_OF_DISTRIBUTION'] as const;

/** Predictions of one task, made from rows of one feature task. The first `length` values count. */
export interface PredictionColumns {
  length: number;
  readonly task: string;
  readonly model: string;
  readonly featureSet: string;
  readonly rowTask: string;
  readonly classes: number;
  /** Dictionary of `instrument`. */
  readonly instruments: readonly string[];
  readonly instrument: Int32Array;
  readonly ordinal: Float64Array;
  readonly version: Float64Array;
  readonly rowOrdinal: Float64Array;
  readonly eventTime: Float64Array;
  readonly dueTime: Float64Array;
  readonly price: Float64Array;
  /** Row-major, `classes` a row; all 0 where it abstained. */
  readonly probabilities: Float64Array;
  /** Index into ABSTENTIONS. */
  readonly abstained: Uint8Array;
}

const schemas = schemaCache();

function schemaFor(p: PredictionColumns): Schema {
  const metadata = { task: p.task, model: p.model, feature_set: p.featureSet, row_task: p.rowTask };
  const id = JSON.stringify([metadata, p.classes]);
  return schemas(id, () =>
    schemaOf(
      {
        instrument: types.text,
        ordinal: types.i64,
        version: types.i64,
        row_ordinal: types.i64,
        event_time: types.time,
        due_time: types.time,
        price: types.f64,
        probabilities: listOf(types.f64, p.classes),
        abstained: types.u8,
      },
      metadata,
    ),
  );
}

/** `rows`: indices to take, in that order; null: all. */
export function encodePredictionsArrow(p: PredictionColumns, rows: Int32Array | null): Uint8Array {
  const n = rows ? rows.length : p.length;
  return encodeStream(schemaFor(p), n, [
    textColumn(p.instrument, p.instruments, rows, n),
    column.i64(gather(p.ordinal, rows, n)),
    column.i64(gather(p.version, rows, n)),
    column.i64(gather(p.rowOrdinal, rows, n)),
    column.time(gather(p.eventTime, rows, n)),
    column.time(gather(p.dueTime, rows, n)),
    column.f64(gather(p.price, rows, n)),
    column.list(gatherRows(p.probabilities, p.classes, rows, n), p.classes),
    column.u8(rows ? Uint8Array.from(rows, (row) => p.abstained[row]!) : p.abstained.subarray(0, n)),
  ]);
}

/** Proto3 JSON of row `i` with every field written out. */
export function encodePredictionJson(p: PredictionColumns, i: number): string {
  return JSON.stringify(predictionAt(p, i));
}

function predictionAt(p: PredictionColumns, i: number): Prediction {
  const abstained = ABSTENTIONS[p.abstained[i]!] ?? '';
  return {
    task: p.task,
    ordinal: p.ordinal[i]!,
    model: p.model,
    version: p.version[i]!,
    featureSet: p.featureSet,
    instrument: p.instruments[p.instrument[i]!]!,
    rowTask: p.rowTask,
    rowOrdinal: p.rowOrdinal[i]!,
    eventTimeUs: p.eventTime[i]!,
    dueTimeUs: p.dueTime[i]!,
    price: p.price[i]!,
    probabilities: abstained === '' ? Array.from(p.probabilities.subarray(i * p.classes, (i + 1) * p.classes)) : [],
    abstained,
  };
}

/** All predictions of a record, in order. */
export function decodePredictions(record: Encoded): Prediction[] {
  const value = requireSchema(record, SCHEMA.prediction);
  if (record.headers['content-type'] !== CONTENT_ARROW) return [requireNumbers(decodeJson(value, Prediction), WHOLE)];
  const columns = readStream(value, readColumns);
  return Array.from({ length: columns.length }, (_, i) => requireNumbers(predictionAt(columns, i), WHOLE));
}

const WHOLE = ['ordinal', 'version', 'rowOrdinal', 'eventTimeUs', 'dueTimeUs'] as const;

function readColumns(reader: StreamReader): PredictionColumns {
  const { indices, words } = reader.requiredText('instrument');
  const { values, width } = reader.listF64('probabilities');
  return {
    length: reader.length,
    task: reader.metadata('task') ?? '',
    model: reader.metadata('model') ?? '',
    featureSet: reader.metadata('feature_set') ?? '',
    rowTask: reader.metadata('row_task') ?? '',
    classes: width,
    instruments: words,
    instrument: indices,
    ordinal: reader.f64('ordinal'),
    version: reader.f64('version'),
    rowOrdinal: reader.f64('row_ordinal'),
    eventTime: reader.f64('event_time'),
    dueTime: reader.f64('due_time'),
    price: reader.f64('price'),
    probabilities: values,
    abstained: reader.u8('abstained'),
  };
}
