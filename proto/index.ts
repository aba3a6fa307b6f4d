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
export { Prediction, Outcome, Evaluation, Target } from './gen/foretick/v1/prediction.ts';
export {
  Alert,
  Alias,
  Cursor,
  FeatureCheckpoint,
  FeatureState,
  Promotion,
  Snapshot,
  SnapshotManifest,
  SnapshotSection,
  Tensor,
} from './gen/foretick/v1/state.ts';
