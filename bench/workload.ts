/** What is computed from the ticks: feature set, model, target. */
import { defaultFeatures, selectFeatures, type FeatureSet } from '#features';
import type { ModelSpec } from '#models';
import type { TargetOptions } from '#processing';

export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  readonly set: FeatureSet;
  readonly spec: ModelSpec;
  readonly target: TargetOptions;
}

export type WorkloadName = 'w1' | 'w1-batches' | 'default';

/** River's script computes the same eight. */
export const W1_FEATURES = [
  'return_bps',
  'reversion_1s_bps',
  'reversion_10s_bps',
  'volatility_10s_bps',
  'volatility_60s_bps',
  'zscore_30s',
  'spread_bps',
  'inter_arrival_log',
] as const;

/** Direction of the mid after a minute: about 25 predictions of this recording are open at any time. */
const target = (classes: 2 | 3): TargetOptions => ({ horizonUs: 60e6, deadBandBps: classes === 3 ? 0.5 : 0, classes, toleranceUs: 60e6 });

/** A learning step for each row, as River does it. */
const W1: Workload = {
  name: 'w1',
  title: '8 named features + online logistic regression, delayed label',
  set: selectFeatures(W1_FEATURES, { name: 'w1', version: 1 }),
  spec: { name: 'logistic', kind: 'logistic', batch: 1, learningRate: 0.01 },
  target: target(2),
};

export const WORKLOADS: Readonly<Record<WorkloadName, Workload>> = {
  w1: W1,
  /** The same with micro-batches of the size that `foretick` uses unless configured. */
  'w1-batches': { ...W1, name: 'w1-batches', spec: { ...W1.spec, batch: 32 } },
  default: {
    name: 'default',
    title: `default set (${defaultFeatures.names.length} features) + softmax of 3 classes, delayed label`,
    set: defaultFeatures,
    spec: { name: 'softmax', kind: 'softmax', batch: 32, learningRate: 0.001 },
    target: target(3),
  },
};

export const TRAINING_DEFAULTS = { evaluateEvery: 500 } as const;
