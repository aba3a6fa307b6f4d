export { checkFeatures, type CheckOptions, type FeatureCheck, type FeatureFinding } from './check/check.ts';
export { sampleEvents, type CheckEvent } from './check/events.ts';
export { FeatureEngine, type FeatureEngineOptions } from './engine.ts';
export { exactWindow, type ExactWindowOptions, type WindowAggregate } from './exact-window.ts';
export type { Feature, FeatureEnv, FeatureEvent, FeatureKernel, FoldPost, UpdateFeature } from './feature.ts';
export { featuresMarkdown } from './markdown.ts';
export { compactFeatures, defaultFeatures, selectFeatures, shippedFeatures, shippedSets } from './registry.ts';
export { featureSet, type FeatureSet, type FeatureSetOptions, type Warmup } from './set.ts';
export { loadUserFeatures, type FeatureKit, type LoadOptions, type UserFeatures } from './user.ts';
