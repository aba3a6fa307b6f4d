import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';
import { RecordBatchStreamWriter, Table, tableFromIPC, vectorFromArray } from 'apache-arrow';

import {
  Alert,
  Alias,
  CONTENT_JSON,
  Cursor,
  Evaluation,
  FeatureCheckpoint,
  FeatureState,
  Post,
  Promotion,
  SCHEMA,
  Snapshot,
  SnapshotManifest,
  Subscription,
  decodeFeatures,
  decodeJson,
  decodeOutcomes,
  decodePost,
  decodePredictions,
  decodeTicks,
  tickAt,
  type TickColumns,
} from '#proto';

import { GOLDEN, type GoldenSample } from './testing/golden.ts';
import * as V from './testing/golden-values.ts';

const folder = fileURLToPath(new URL('golden/', import.meta.url));
const readSample = ({ file }: GoldenSample): Uint8Array => Uint8Array.from(readFileSync(folder + file));

/** Values of each row, in plain numbers and names. */
function tickRows(ticks: TickColumns): object[] {
  return Array.from({ length: ticks.length }, (_, i) => {
    const { instruments, source, length, capacity, ...columns } = tickAt(ticks, i);
    const values = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[0]]));
    return { ...values, source, length, capacity, instrument: instruments[columns.instrument[0]!] ?? '' };
  });
}

const message = (value: Uint8Array, headers: Readonly<Record<string, string>>) => ({ value, headers });
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const tickFiles: Record<string, TickColumns> = {
  'tick.v1.quote.json': V.ticks(V.QUOTE),
  'tick.v1.trade.json': V.ticks(V.TRADE),
  'tick.v1.bar.json': V.ticks(V.BAR),
  'tick.v1.watermark.json': V.ticks(V.WATERMARK),
  'tick.v1.quotes.arrow': V.ticks(V.QUOTE, V.WATERMARK),
  'tick.v1.trades.arrow': V.ticks(V.TRADE),
  'tick.v1.bars.arrow': V.ticks(V.BAR),
  'tick.v1.all.arrow': V.ticks(V.QUOTE, V.TRADE, V.WATERMARK, V.BAR),
};

/** What each sample decodes to, and what it must be. */
function decoded(sample: GoldenSample, bytes: Uint8Array): { got: unknown; want: unknown } {
  const record = message(bytes, sample.headers);
  const asJson = <T extends object>(type: { fromJSON(value: unknown): T; fromPartial(value: never): T }, value: object) => ({
    got: decodeJson(bytes, type),
    want: type.fromPartial(value as never),
  });
  const ticks = tickFiles[sample.file];
  if (ticks) return { got: tickRows(decodeTicks(record)), want: tickRows(ticks) };
  switch (sample.file) {
    case 'post.v1.json':
      return { got: decodePost(record), want: Post.fromPartial(V.POST) };
    case 'post.v1.watermark.json':
      return { got: decodePost(record), want: Post.fromPartial({ source: 'golden', receiptTimeUs: V.T, watermark: {} }) };
    case 'features.v1.arrow':
      return { got: decodeFeatures(record), want: V.FEATURES };
    case 'prediction.v1.json':
      return { got: decodePredictions(record), want: V.PREDICTION_MESSAGES.slice(0, 1) };
    case 'prediction.v1.arrow':
      return { got: decodePredictions(record), want: V.PREDICTION_MESSAGES };
    case 'outcome.v1.json':
      return { got: decodeOutcomes(record), want: V.OUTCOME_MESSAGES.slice(0, 1) };
    case 'outcome.v1.arrow':
      return { got: decodeOutcomes(record), want: V.OUTCOME_MESSAGES };
    case 'evaluation.v1.json':
      return asJson(Evaluation, V.EVALUATION);
    case 'manifest.v1.json':
      return asJson(SnapshotManifest, V.MANIFEST);
    case 'snapshot.v1.pb':
      return { got: plain(Snapshot.decode(bytes)), want: plain(Snapshot.fromPartial(V.SNAPSHOT)) };
    case 'alias.v1.json':
      return asJson(Alias, V.STATE.alias);
    case 'promotion.v1.json':
      return asJson(Promotion, V.STATE.promotion);
    case 'cursor.v1.json':
      return asJson(Cursor, V.STATE.cursor);
    case 'checkpoint.v1.json':
      return asJson(FeatureCheckpoint, V.STATE.checkpoint);
    case 'cursor.v1.ordinals.json':
      return asJson(Cursor, { ...V.STATE.cursor, ordinals: V.STATE.ordinals });
    case 'checkpoint.v1.seen.json':
      return asJson(FeatureCheckpoint, { ...V.STATE.checkpoint, seen: V.STATE.seen });
    case 'state.v1.pb':
      return { got: plain(FeatureState.decode(bytes)), want: plain(V.STATE.state) };
    case 'alert.v1.json':
      return asJson(Alert, V.STATE.alert);
    case 'alert.v1.gap.json':
      return asJson(Alert, V.STATE.gap);
    case 'subscription.v1.json':
      return asJson(Subscription, V.STATE.subscription);
    case 'cursor.v1.instrument.json':
      return asJson(Cursor, V.STATE.instrumentCursor);
    default:
      throw new Error(`no expectation for ${sample.file}`);
  }
}

test.each(GOLDEN.map((sample) => [sample.file, sample] as const))('%s decodes to the same values for ever', (_, sample) => {
  const { got, want } = decoded(sample, readSample(sample));
  expect(got).toEqual(want);
});

const ofJson = GOLDEN.filter(({ headers }) => headers['content-type'] === CONTENT_JSON);
test.each(ofJson.map((sample) => [sample.file, sample] as const))('unknown fields in %s are ignored', (_, sample) => {
  const object = JSON.parse(Buffer.from(readSample(sample)).toString('utf8')) as object;
  const extended = { aFieldOfTheFuture: { deep: [1, 'x'] }, ...object, another: null };
  const { got, want } = decoded(sample, Buffer.from(JSON.stringify(extended)));
  expect(got).toEqual(want);
});

const ofArrow = GOLDEN.filter(({ file }) => file.endsWith('.arrow'));
test.each(ofArrow.map((sample) => [sample.file, sample] as const))('an extra column and extra metadata in %s are ignored', (_, sample) => {
  const table = tableFromIPC(readSample(sample));
  const extra = vectorFromArray(Array.from({ length: table.numRows }, (__, i) => i * 1.5));
  const wider = table.assign(new Table({ a_column_of_the_future: extra }));
  wider.schema.metadata.set('a_key_of_the_future', 'x');
  for (const [key, value] of table.schema.metadata) wider.schema.metadata.set(key, value);
  const bytes = RecordBatchStreamWriter.writeAll(wider).toUint8Array(true);
  expect(tableFromIPC(bytes).schema.fields.map(({ name }) => name)).toContain('a_column_of_the_future');
  const { got, want } = decoded(sample, bytes);
  expect(got).toEqual(want);
});

test('an unknown protobuf field in a snapshot is skipped', () => {
  const sample = GOLDEN.find(({ file }) => file === 'snapshot.v1.pb')!;
  // Field 15, length-delimited, 3 bytes.
  const bytes = Buffer.concat([readSample(sample), Buffer.from([0x7a, 3, 1, 2, 3])]);
  const { got, want } = decoded(sample, bytes);
  expect(got).toEqual(want);
});

test('every schema name has a sample, and every file of the folder is one', () => {
  expect(new Set(GOLDEN.map(({ headers }) => headers['schema']))).toEqual(new Set(Object.values(SCHEMA)));
  expect(readdirSync(folder).sort()).toEqual(GOLDEN.map(({ file }) => file).sort());
});

test('what is written today is what was written then, but for Arrow, whose bytes are the library’s', () => {
  for (const sample of GOLDEN) {
    if (sample.file.endsWith('.arrow')) continue;
    expect([sample.file, Buffer.from(sample.bytes()).toString('base64')]).toEqual([sample.file, Buffer.from(readSample(sample)).toString('base64')]);
  }
});
