/**
 * The golden samples: one of each message version, and what it must decode to for ever. A sample, once committed, is
 * never changed; a new message version gets a new entry. `write-golden.ts` writes the files that are missing.
 */
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
  Post,
  Promotion,
  SCHEMA,
  Snapshot,
  SnapshotManifest,
  Subscription,
  encodeFeatures,
  encodeOutcomeJson,
  encodeOutcomesArrow,
  encodePostJson,
  encodePredictionJson,
  encodePredictionsArrow,
  encodeTickJson,
  encodeTicksArrow,
  headersOf,
  watermarkJson,
  type SchemaName,
} from '#proto';

import {
  BAR,
  EVALUATION,
  FEATURES,
  MANIFEST,
  OUTCOMES,
  POST,
  PREDICTIONS,
  QUOTE,
  SNAPSHOT,
  STATE,
  T,
  TRADE,
  WATERMARK,
  ticks,
} from './golden-values.ts';

export interface GoldenSample {
  /** File in `proto/golden/`. */
  readonly file: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: () => Uint8Array;
}

const text = (json: string): Uint8Array => Buffer.from(json);
const json = (file: string, schema: SchemaName, bytes: () => string): GoldenSample => ({
  file: `${file}.json`,
  headers: headersOf(CONTENT_JSON, schema),
  bytes: () => text(bytes()),
});
const arrow = (file: string, schema: SchemaName, bytes: () => Uint8Array): GoldenSample => ({
  file: `${file}.arrow`,
  headers: headersOf(CONTENT_ARROW, schema),
  bytes,
});
const binary = (file: string, schema: SchemaName, bytes: () => Uint8Array): GoldenSample => ({
  file: `${file}.pb`,
  headers: headersOf(CONTENT_PROTOBUF, schema),
  bytes,
});

const features = encodeFeatures(FEATURES);

/** As cursors were written before they could be of one instrument. */
const withoutInstrument = (cursor: Cursor): object => Object.fromEntries(Object.entries(cursor).filter(([key]) => key !== 'instrument'));

export const GOLDEN: readonly GoldenSample[] = [
  json('tick.v1.quote', SCHEMA.tick, () => encodeTickJson(ticks(QUOTE), 0)),
  json('tick.v1.trade', SCHEMA.tick, () => encodeTickJson(ticks(TRADE), 0)),
  json('tick.v1.bar', SCHEMA.tick, () => encodeTickJson(ticks(BAR), 0)),
  json('tick.v1.watermark', SCHEMA.tick, () => encodeTickJson(ticks(WATERMARK), 0)),
  arrow('tick.v1.quotes', SCHEMA.tick, () => encodeTicksArrow(ticks(QUOTE, WATERMARK), null)),
  arrow('tick.v1.trades', SCHEMA.tick, () => encodeTicksArrow(ticks(TRADE), null)),
  arrow('tick.v1.bars', SCHEMA.tick, () => encodeTicksArrow(ticks(BAR), null)),
  arrow('tick.v1.all', SCHEMA.tick, () => encodeTicksArrow(ticks(QUOTE, TRADE, WATERMARK, BAR), null)),
  json('post.v1', SCHEMA.post, () => encodePostJson(Post.fromPartial(POST))),
  json('post.v1.watermark', SCHEMA.post, () => watermarkJson('golden', T)),
  { file: 'features.v1.arrow', headers: features.headers, bytes: () => features.value },
  json('prediction.v1', SCHEMA.prediction, () => encodePredictionJson(PREDICTIONS, 0)),
  arrow('prediction.v1', SCHEMA.prediction, () => encodePredictionsArrow(PREDICTIONS, null)),
  json('outcome.v1', SCHEMA.outcome, () => encodeOutcomeJson(OUTCOMES, 0)),
  arrow('outcome.v1', SCHEMA.outcome, () => encodeOutcomesArrow(OUTCOMES, null)),
  json('evaluation.v1', SCHEMA.evaluation, () => JSON.stringify(Evaluation.fromPartial(EVALUATION))),
  json('manifest.v1', SCHEMA.manifest, () => JSON.stringify(SnapshotManifest.fromPartial(MANIFEST))),
  binary('snapshot.v1', SCHEMA.snapshot, () => Snapshot.encode(Snapshot.fromPartial(SNAPSHOT)).finish()),
  json('alias.v1', SCHEMA.alias, () => JSON.stringify(Alias.fromPartial(STATE.alias))),
  json('promotion.v1', SCHEMA.promotion, () => JSON.stringify(Promotion.fromPartial(STATE.promotion))),
  json('cursor.v1', SCHEMA.cursor, () => JSON.stringify(withoutInstrument(Cursor.fromPartial(STATE.cursor)))),
  json('checkpoint.v1', SCHEMA.checkpoint, () => JSON.stringify(FeatureCheckpoint.fromPartial(STATE.checkpoint))),
  json('cursor.v1.ordinals', SCHEMA.cursor, () => JSON.stringify(withoutInstrument(Cursor.fromPartial({ ...STATE.cursor, ordinals: STATE.ordinals })))),
  json('checkpoint.v1.seen', SCHEMA.checkpoint, () => JSON.stringify(FeatureCheckpoint.fromPartial({ ...STATE.checkpoint, seen: STATE.seen }))),
  binary('state.v1', SCHEMA.state, () => FeatureState.encode(FeatureState.fromPartial(STATE.state)).finish()),
  json('alert.v1', SCHEMA.alert, () => JSON.stringify(Alert.fromPartial(STATE.alert))),
  json('alert.v1.gap', SCHEMA.alert, () => JSON.stringify(Alert.fromPartial(STATE.gap))),
  json('subscription.v1', SCHEMA.subscription, () => JSON.stringify(Subscription.toJSON(Subscription.fromPartial(STATE.subscription)))),
  json('cursor.v1.instrument', SCHEMA.cursor, () => JSON.stringify(Cursor.fromPartial(STATE.instrumentCursor))),
];
