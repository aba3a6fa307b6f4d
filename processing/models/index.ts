export { compareLosses, summarizeClassifier, summarizeRegressor, type RunSummary, type Score } from './evaluation/summary.ts';
export { BlockMeans, tQuantile975, type MeanInterval } from './interval.ts';
export { ClassificationMetrics, topClass, type MetricValues } from './metrics.ts';
export { MIN_PROBABILITY, predictRows, type LabelledRows, type Model } from './model.ts';
export { OPTIMIZERS, type OptimizerKind } from './optimizers.ts';
export { gaussian, seededRandom } from './random.ts';
export { BASELINES, MODEL_BACKENDS, MODEL_KINDS, REGRESSOR_KINDS, createLearner, createModel, createRegressor, type ModelSpec, type RegressorSpec } from './registry.ts';
export type { Regressor, TargetRows } from './regressor.ts';
export { classifierRun, regressorRun, type PrequentialRun, type RunOptions } from './evaluation/run.ts';
export { ClassificationScorer, regressionScores, type ClassificationScores, type ClassifiedRows, type PredictedRows, type RegressionScores } from './evaluation/scores.ts';
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
