export { FeatureEngine } from './engine.ts';
export type { Feature, FeatureEnv, FeatureEvent, FeatureKernel, FoldPost, UpdateFeature } from './feature.ts';
export { defaultFeatures, selectFeatures, shippedFeatures } from './registry.ts';
export { featureSet, type FeatureSet, type FeatureSetOptions, type Warmup } from './set.ts';
