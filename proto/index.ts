export { ERROR_CODES, ForetickError, asForetickError, fail, hasCode, type ErrorCode } from './errors.ts';
export { murmur2, partitionOf } from './partitioner.ts';
export {
  TOPICS,
  topicLayout,
  type Cleanup,
  type TopicLayout,
  type TopicName,
  type TopicSpec,
} from './topics.ts';
export {
  Side,
  type Tick,
  type Quote,
  type Trade,
  type Bar,
  Post,
} from './gen/foretick/v1/market.ts';
export { CalibrationBin, Prediction, Outcome, Evaluation, Target } from './gen/foretick/v1/prediction.ts';
export {
  Alert,
  Alias,
  Cursor,
  FeatureCheckpoint,
  FeatureState,
  Gap,
  Promotion,
  Snapshot,
  SnapshotManifest,
  SeenOrdinals,
  SnapshotSection,
  SourceOrdinals,
  Subscription,
  Tensor,
} from './gen/foretick/v1/state.ts';
export { TickKind, TickSide, createTicks, ticksOf, type TickColumns, type TickRow } from './ticks.ts';
export { int64Words, readInt64, writeInt64 } from './codecs/int64.ts';
export { CONTENT_ARROW, CONTENT_JSON, CONTENT_PROTOBUF, SCHEMA, headersOf, type Encoded, type SchemaName } from './codecs/wire.ts';
export { identityOf, type RowIdentity } from './codecs/identity.ts';
export { ingestedAt, traceOf } from './codecs/trace.ts';
export {
  decodePost,
  decodeTicks,
  encodePostJson,
  encodeTickJson,
  encodeTicksArrow,
  invalidTick,
  tickAt,
  watermarkJson,
} from './codecs/ticks.ts';
export { decodeFeatures, encodeFeatures, featureHeaders, type FeatureRows } from './codecs/features.ts';
export {
  ABSTENTIONS,
  decodePredictions,
  encodePredictionJson,
  encodePredictionsArrow,
  type PredictionColumns,
} from './codecs/predictions.ts';
export {
  decodeOutcomes,
  encodeOutcomeJson,
  encodeOutcomesArrow,
  type OutcomeColumns,
} from './codecs/outcomes.ts';
export { decodeJson } from './codecs/columns.ts';
