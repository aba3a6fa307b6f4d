/** Records as workers write them, small ones, for tests and for the page's test. */
import {
  ABSTENTIONS,
  CONTENT_ARROW,
  CONTENT_JSON,
  Evaluation,
  Prediction,
  SCHEMA,
  SnapshotManifest,
  encodeFeatures,
  encodePredictionsArrow,
  fail,
  headersOf,
  topicLayout,
  type TopicLayout,
} from '#proto';
import type { PublishedModel } from '#models';
import type { OutputRecord, QueueRecord } from '#queue';

import type { Assembler } from '../models/store.ts';

export const LAYOUT: TopicLayout = topicLayout({ prefix: 'test', inputs: 2, shards: 1 });
export const NAMES = ['ret_1s', 'spread_bps', 'imbalance'] as const;
export const SET = 'default@1';
export const CLASSES = ['down', 'flat', 'up'] as const;
export const HORIZON_US = 10_000_000;
/** Recorded in March 2025: far older than any staleness by event time. */
export const EVENT_TIME = 1_742_860_800_000_000;

export interface RowOptions {
  readonly instrument: string;
  readonly ordinal: number;
  readonly price?: number;
  readonly warm?: boolean;
  readonly values?: readonly number[];
  readonly eventTime?: number;
  readonly timestamp?: number;
  readonly featureSet?: string;
}

const f64 = (value: number): Float64Array => Float64Array.of(value);

export function featureRecord(row: RowOptions): OutputRecord {
  const price = row.price ?? 100;
  const time = row.eventTime ?? EVENT_TIME + row.ordinal * 1_000_000;
  const encoded = encodeFeatures({
    length: 1,
    featureSet: row.featureSet ?? SET,
    names: [...NAMES], // A copy: the codec caches its schema by this array, set included.
    task: 'features/0',
    ordinal: row.ordinal,
    instruments: [row.instrument],
    instrument: Int32Array.of(0),
    eventTime: f64(time),
    receiptTime: f64(time),
    price: f64(price),
    bid: f64(price * 0.9999),
    ask: f64(price * 1.0001),
    warm: Uint8Array.of(row.warm === false ? 0 : 1),
    values: Float32Array.from(row.values ?? [0.1, 0.2, 0.3]),
  });
  return { topic: LAYOUT.name('features'), partition: 0, ...encoded, ...(row.timestamp !== undefined && { timestamp: row.timestamp }) };
}

export function predictionOf(fields: { instrument: string; model: string; ordinal: number } & Partial<Prediction>): Prediction {
  const eventTimeUs = fields.eventTimeUs ?? EVENT_TIME + fields.ordinal * 1_000_000;
  return {
    task: `${fields.model}/0`,
    version: 7,
    featureSet: SET,
    rowTask: 'features/0',
    rowOrdinal: fields.ordinal,
    eventTimeUs,
    dueTimeUs: eventTimeUs + HORIZON_US,
    price: 100,
    probabilities: [0.2, 0.5, 0.3],
    abstained: '',
    ...fields,
  };
}

export function predictionRecord(prediction: Prediction): OutputRecord {
  return {
    topic: LAYOUT.name('predictions'),
    key: prediction.instrument,
    value: JSON.stringify(Prediction.toJSON(prediction)),
    headers: headersOf(CONTENT_JSON, SCHEMA.prediction),
  };
}

/** Many predictions of one model and partition in one record. */
export function predictionsRecord(partition: number, predictions: readonly Prediction[]): OutputRecord {
  const first = predictions[0]!;
  const instruments = [...new Set(predictions.map(({ instrument }) => instrument))];
  const column = (of: (prediction: Prediction) => number): Float64Array => Float64Array.from(predictions, of);
  const value = encodePredictionsArrow(
    {
      length: predictions.length,
      task: first.task,
      model: first.model,
      featureSet: first.featureSet,
      rowTask: first.rowTask,
      classes: CLASSES.length,
      instruments,
      instrument: Int32Array.from(predictions, ({ instrument }) => instruments.indexOf(instrument)),
      ordinal: column((p) => p.ordinal),
      version: column((p) => p.version),
      rowOrdinal: column((p) => p.rowOrdinal),
      eventTime: column((p) => p.eventTimeUs),
      dueTime: column((p) => p.dueTimeUs),
      price: column((p) => p.price),
      probabilities: Float64Array.from(predictions.flatMap((p) => p.probabilities)),
      abstained: Uint8Array.from(predictions, (p) => ABSTENTIONS.indexOf(p.abstained as '')),
    },
    null,
  );
  return { topic: LAYOUT.name('predictions'), partition, key: first.instrument, value, headers: headersOf(CONTENT_ARROW, SCHEMA.prediction) };
}

/** A message in JSON on its topic. */
export function jsonRecord(topic: Parameters<TopicLayout['name']>[0], schema: (typeof SCHEMA)[keyof typeof SCHEMA], key: string, value: unknown): OutputRecord {
  return { topic: LAYOUT.name(topic), key, value: JSON.stringify(value), headers: headersOf(CONTENT_JSON, schema) };
}

export function evaluationRecord(fields: Partial<Evaluation> & { model: string; ordinal: number; scope: 'total' | 'window' }): OutputRecord {
  const evaluation = Evaluation.fromPartial({
    task: `${fields.model}/0`,
    outcomes: 100 * (fields.ordinal + 1),
    logLoss: 1,
    accuracy: 0.5,
    brier: 0.6,
    toTimeUs: EVENT_TIME + fields.ordinal * 1_000_000,
    ...fields,
  });
  return jsonRecord('evaluations', SCHEMA.evaluation, fields.model, Evaluation.toJSON(evaluation));
}

export function aliasRecord(champion: string, alias = 'champion'): OutputRecord {
  return jsonRecord('aliases', SCHEMA.alias, alias, { alias, champion, challengers: ['prior'], changedTimeUs: 1 });
}

/** A manifest on its own: FakeAssembler needs no chunks. `broken`: it will be refused. */
export function modelRecord(model: string, version: number, broken?: 'digest' | 'nan'): OutputRecord {
  const manifest = SnapshotManifest.fromPartial({
    model,
    version,
    featureSet: SET,
    features: [...NAMES],
    target: { horizonUs: HORIZON_US, deadBandBps: 1, classes: [...CLASSES] },
    sha256: broken ?? '',
  });
  return jsonRecord('models', SCHEMA.manifest, `${model}/0/${version}/manifest`, SnapshotManifest.toJSON(manifest));
}

/** A model whose answer shows its version and its input: up = 0.3 + version / 1000, down = first feature. */
export class FakeAssembler implements Assembler {
  push(record: QueueRecord): PublishedModel | null {
    if (record.value === null) return null;
    const manifest = SnapshotManifest.fromJSON(JSON.parse(Buffer.from(record.value).toString('utf8')));
    if (manifest.sha256 === 'digest') throw fail('SNAPSHOT_CORRUPT', `snapshot ${manifest.model} does not match its digest`);
    const never = (): never => {
      throw new Error('a server never learns');
    };
    return {
      manifest,
      classNames: CLASSES,
      instrumentId: (name) => (name === 'sim:BTC-USDT' ? 0 : -1),
      model: {
        kind: 'fake',
        width: NAMES.length,
        classes: CLASSES.length,
        step: manifest.version,
        predictRow(x, at, _instrument, out, outAt) {
          out[outAt] = manifest.sha256 === 'nan' ? Number.NaN : x[at]!;
          out[outAt + 2] = 0.3 + manifest.version / 1000;
          out[outAt + 1] = 1 - out[outAt] - out[outAt + 2]!;
        },
        learn: never,
        save: never,
        restore: never,
      },
    };
  }
}
