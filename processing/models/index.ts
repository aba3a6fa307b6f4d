export { BlockMeans, tQuantile975, type MeanInterval } from './interval.ts';
export { ClassificationMetrics, topClass, type MetricValues } from './metrics.ts';
export { MIN_PROBABILITY, predictRows, type LabelledRows, type Model } from './model.ts';
export { BASELINES, MODEL_KINDS, createModel, type ModelSpec } from './registry.ts';
export { largestWeights, type ClassWeights } from './weights.ts';
export { SectionReader, section } from './section.ts';
export {
  SectionAssembler,
  SnapshotAssembler,
  aboutOf,
  aboutSection,
  publishedModel,
  retireRecords,
  snapshotRecords,
  weightsDigest,
  type AssembledSnapshot,
  type PublishedModel,
  type Sections,
} from './snapshot.ts';
