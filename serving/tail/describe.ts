/** Any record of any topic as plain JSON values, for people: every field written out, zeros too. */
import {
  Alert,
  Alias,
  CONTENT_ARROW,
  CONTENT_JSON,
  CONTENT_PROTOBUF,
  Cursor,
  Evaluation,
  FeatureCheckpoint,
  FeatureState,
  Promotion,
  SCHEMA,
  SnapshotManifest,
  TickKind,
  asForetickError,
  decodeFeatures,
  decodeJson,
  decodeOutcomes,
  decodePost,
  decodePredictions,
  decodeTicks,
  encodeTickJson,
} from '#proto';
import type { QueueRecord } from '#queue';

type Row = Readonly<Record<string, unknown>>;

const MESSAGES: Readonly<Record<string, { fromJSON(value: unknown): object }>> = {
  [SCHEMA.evaluation]: Evaluation,
  [SCHEMA.manifest]: SnapshotManifest,
  [SCHEMA.alias]: Alias,
  [SCHEMA.promotion]: Promotion,
  [SCHEMA.cursor]: Cursor,
  [SCHEMA.checkpoint]: FeatureCheckpoint,
  [SCHEMA.alert]: Alert,
};

/**
 * One value for each row that the record holds; a record without rows of its own gives one. What cannot be
 * decoded is described by its code, size and first bytes, never dropped.
 */
export function describeRecord(record: QueueRecord): unknown[] {
  if (record.value === null) return [{ tombstone: true }];
  try {
    return rowsOf(record, record.value);
  } catch (error) {
    return [{ undecodable: asForetickError(error).code, ...raw(record.value) }];
  }
}

function rowsOf(record: QueueRecord, value: Uint8Array): unknown[] {
  const schema = record.headers['schema'];
  const contentType = record.headers['content-type'] ?? CONTENT_JSON;
  switch (schema) {
    case SCHEMA.tick:
      return ticks(record);
    case SCHEMA.post:
      return [decodePost(record)];
    case SCHEMA.features:
      return features(record);
    case SCHEMA.prediction:
      return decodePredictions(record);
    case SCHEMA.outcome:
      return decodeOutcomes(record);
    case SCHEMA.state: {
      const state = contentType === CONTENT_PROTOBUF ? FeatureState.decode(value) : decodeJson(value, FeatureState);
      return [{ instrument: state.instrument, stateBytes: state.state.length }];
    }
    case SCHEMA.snapshot:
      return [{ snapshotChunk: true, bytes: value.length }];
  }
  const message = schema === undefined ? undefined : MESSAGES[schema];
  if (contentType !== CONTENT_JSON) return [{ contentType, ...raw(value) }];
  if (message) return [decodeJson(value, message)];
  return [JSON.parse(Buffer.from(value).toString('utf8'))];
}

function ticks(record: QueueRecord): unknown[] {
  const columns = decodeTicks(record);
  return Array.from({ length: columns.length }, (_, i) => {
    if (columns.kind[i] === TickKind.WATERMARK) {
      return { source: columns.source, receiptTimeUs: columns.receiptTime[i], watermark: {} };
    }
    return JSON.parse(encodeTickJson(columns, i)) as Row;
  });
}

function features(record: QueueRecord): unknown[] {
  const batch = decodeFeatures(record);
  const width = batch.names.length;
  return Array.from({ length: batch.length }, (_, i) => ({
    task: batch.task,
    ordinal: batch.ordinal + i,
    featureSet: batch.featureSet,
    instrument: batch.instruments[batch.instrument[i]!],
    eventTimeUs: batch.eventTime[i],
    receiptTimeUs: batch.receiptTime[i],
    price: batch.price[i],
    bid: batch.bid[i],
    ask: batch.ask[i],
    warm: batch.warm[i] === 1,
    features: Object.fromEntries(batch.names.map((name, f) => [name, batch.values[i * width + f]])),
  }));
}

function raw(value: Uint8Array): Row {
  return { bytes: value.length, base64: Buffer.from(value.subarray(0, 96)).toString('base64') };
}

/** What a line of `tail` says beside the value. */
export interface DescribedRow {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Row within the record. */
  readonly row: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly key: string | null;
  readonly schema: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: unknown;
}

export function describeRows(topic: string, record: QueueRecord): DescribedRow[] {
  const { partition, offset, timestamp } = record;
  const { 'content-type': contentType, schema, ...headers } = record.headers;
  const key = record.key === null ? null : Buffer.from(record.key).toString('utf8');
  const name = schema ?? (contentType === CONTENT_ARROW ? 'arrow' : '');
  return describeRecord(record).map((value, row) => ({
    topic, partition, offset, row, timestamp, key, schema: name, headers, value,
  }));
}
