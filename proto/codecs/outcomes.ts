/** Outcomes on the wire: JSON, one a record; or Arrow, many of one partition a record. */
import type { Schema } from 'apache-arrow';

import { Outcome } from '../gen/foretick/v1/prediction.ts';
import { column, encodeStream, listOf, readStream, schemaCache, schemaOf, types, type StreamReader } from './arrow.ts';
import { decodeJson, gather, gatherRows, requireNumbers, requireSchema, textColumn } from './columns.ts';
import { CONTENT_ARROW, SCHEMA, type Encoded } from './wire.ts';

/** Outcomes of one task. The first `length` values count. */
export interface OutcomeColumns {
  length: number;
  readonly task: string;
  readonly model: string;
  readonly classes: number;
  readonly instruments: readonly string[];
  readonly instrument: Int32Array;
  readonly ordinal: Float64Array;
  readonly predictionOrdinal: Float64Array;
  readonly version: Float64Array;
  readonly eventTime: Float64Array;
  readonly dueTime: Float64Array;
  /** Class index; -1: expired. */
  readonly label: Int8Array;
  readonly returnBps: Float64Array;
  readonly logLoss: Float64Array;
  readonly probabilities: Float64Array;
}

const schemas = schemaCache();

function schemaFor(o: OutcomeColumns): Schema {
  const id = JSON.stringify([o.task, o.model, o.classes]);
  return schemas(id, () =>
    schemaOf(
      {
        instrument: types.text,
        ordinal: types.i64,
        prediction_ordinal: types.i64,
        version: types.i64,
        event_time: types.time,
        due_time: types.time,
        label: types.i8,
        return_bps: types.f64,
        log_loss: types.f64,
        probabilities: listOf(types.f64, o.classes),
      },
      { task: o.task, model: o.model },
    ),
  );
}

/** `rows`: indices to take, in that order; null: all. */
export function encodeOutcomesArrow(o: OutcomeColumns, rows: Int32Array | null): Uint8Array {
  const n = rows ? rows.length : o.length;
  return encodeStream(schemaFor(o), n, [
    textColumn(o.instrument, o.instruments, rows, n),
    column.i64(gather(o.ordinal, rows, n)),
    column.i64(gather(o.predictionOrdinal, rows, n)),
    column.i64(gather(o.version, rows, n)),
    column.time(gather(o.eventTime, rows, n)),
    column.time(gather(o.dueTime, rows, n)),
    column.i8(rows ? Int8Array.from(rows, (row) => o.label[row]!) : o.label.subarray(0, n)),
    column.f64(gather(o.returnBps, rows, n)),
    column.f64(gather(o.logLoss, rows, n)),
    column.list(gatherRows(o.probabilities, o.classes, rows, n), o.classes),
  ]);
}

/** Proto3 JSON of row `i` with every field written out. */
export function encodeOutcomeJson(o: OutcomeColumns, i: number): string {
  return JSON.stringify(outcomeAt(o, i));
}

function outcomeAt(o: OutcomeColumns, i: number): Outcome {
  const label = o.label[i]!;
  return {
    task: o.task,
    ordinal: o.ordinal[i]!,
    model: o.model,
    version: o.version[i]!,
    instrument: o.instruments[o.instrument[i]!]!,
    predictionOrdinal: o.predictionOrdinal[i]!,
    eventTimeUs: o.eventTime[i]!,
    dueTimeUs: o.dueTime[i]!,
    label,
    returnBps: o.returnBps[i]!,
    logLoss: o.logLoss[i]!,
    probabilities: Array.from(o.probabilities.subarray(i * o.classes, (i + 1) * o.classes)),
    expired: label < 0,
  };
}

/** All outcomes of a record, in order. */
export function decodeOutcomes(record: Encoded): Outcome[] {
  const value = requireSchema(record, SCHEMA.outcome);
  if (record.headers['content-type'] !== CONTENT_ARROW) return [requireNumbers(decodeJson(value, Outcome), WHOLE)];
  const columns = readStream(value, readColumns);
  return Array.from({ length: columns.length }, (_, i) => requireNumbers(outcomeAt(columns, i), WHOLE));
}

const WHOLE = ['ordinal', 'version', 'predictionOrdinal', 'eventTimeUs', 'dueTimeUs', 'label'] as const;

function readColumns(reader: StreamReader): OutcomeColumns {
  const { indices, words } = reader.requiredText('instrument');
  const { values, width } = reader.listF64('probabilities');
  return {
    length: reader.length,
    task: reader.metadata('task') ?? '',
    model: reader.metadata('model') ?? '',
    classes: width,
    instruments: words,
    instrument: indices,
    ordinal: reader.f64('ordinal'),
    predictionOrdinal: reader.f64('prediction_ordinal'),
    version: reader.f64('version'),
    eventTime: reader.f64('event_time'),
    dueTime: reader.f64('due_time'),
    label: reader.i8('label'),
    returnBps: reader.f64('return_bps'),
    logLoss: reader.f64('log_loss'),
    probabilities: values,
  };
}
