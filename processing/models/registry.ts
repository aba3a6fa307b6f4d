/** Which kinds of model there are, and how one is made from its configuration. */
import { fail } from '#proto';

import { ClassPrior, Persistence } from './baselines.ts';
import { LinearClassifier } from './linear.ts';
import { LinearRegression } from './linear-regression.ts';
import { Mlp } from './mlp/mlp.ts';
import type { Model } from './model.ts';
import type { OptimizerOptions } from './optimizers.ts';
import { TargetBaseline } from './regression-baselines.ts';
import type { Regressor } from './regressor.ts';
import { TENSOR_BACKENDS, loadTensorFlow } from './tensor/backend.ts';

export const MODEL_KINDS = ['prior', 'persistence', 'softmax', 'logistic', 'mlp'] as const;

/** A model as configured: plain data, kept in its snapshots. */
export interface ModelSpec extends OptimizerOptions {
  readonly name: string;
  readonly kind: (typeof MODEL_KINDS)[number];
  /** Labelled rows in one learning step. */
  readonly batch: number;
  /** Standardised features are cut off here. @default 8 */
  readonly maxDeviations?: number;
  /** mlp: units of each hidden layer. @default [64, 32] */
  readonly hidden?: readonly number[];
  /** mlp: of its first weights. @default 1 */
  readonly seed?: number;
  /** mlp: what takes its learning steps, kernels of our own or a backend of TensorFlow.js. Predicting is ours. @default 'own' */
  readonly backend?: ModelBackend;
}

export const MODEL_BACKENDS = ['own', ...TENSOR_BACKENDS] as const;
export type ModelBackend = (typeof MODEL_BACKENDS)[number];

export const REGRESSOR_KINDS = ['mean', 'last', 'linear'] as const;

export interface RegressorSpec extends OptimizerOptions {
  readonly kind: (typeof REGRESSOR_KINDS)[number];
  readonly maxDeviations?: number;
}

export function createRegressor(spec: RegressorSpec, width: number): Regressor {
  switch (spec.kind) {
    case 'mean':
    case 'last':
      return new TargetBaseline({ kind: spec.kind, width });
    case 'linear':
      return new LinearRegression({ ...spec, width });
  }
}

/** The baselines that run beside every model. */
export const BASELINES: readonly ModelSpec[] = [
  { name: 'prior', kind: 'prior', batch: 1 },
  { name: 'persistence', kind: 'persistence', batch: 1 },
];

export function createModel(spec: ModelSpec, shape: { readonly width: number; readonly classes: number }): Model {
  switch (spec.kind) {
    case 'prior':
      return new ClassPrior(shape);
    case 'persistence':
      return new Persistence(shape);
    case 'logistic':
      if (shape.classes !== 2) throw fail('CONFIG_INVALID', `model ${spec.name}: logistic needs a target of 2 classes, not ${shape.classes}`);
      return new LinearClassifier({ ...shape, ...spec });
    case 'softmax':
      if (shape.classes < 3) throw fail('CONFIG_INVALID', `model ${spec.name}: softmax needs a target of 3 classes; use logistic for 2`);
      return new LinearClassifier({ ...shape, ...spec });
    case 'mlp':
      return new Mlp({ ...shape, ...spec, optimizer: mlpOptimizer(spec) });
    default:
      // A snapshot of a newer Foretick.
      throw fail('CONFIG_INVALID', `model ${spec.name}: unknown kind ${String(spec.kind)}`);
  }
}

/**
 * A model that is to learn: the same as `createModel`, on the backend it asks for. MODEL_BACKEND_UNAVAILABLE when that cannot be had.
 */
export async function createLearner(spec: ModelSpec, shape: { readonly width: number; readonly classes: number }): Promise<Model> {
  const { backend = 'own' } = spec;
  if (spec.kind !== 'mlp' || backend === 'own') return createModel(spec, shape);
  const tf = await loadTensorFlow(backend);
  const { tensorEngine } = await import('./tensor/engine.ts');
  return new Mlp({ ...shape, ...spec, optimizer: mlpOptimizer(spec), engine: (network, settings) => tensorEngine(tf, network, settings) });
}

function mlpOptimizer({ name, optimizer = 'adam' }: ModelSpec): 'adam' | 'sgd' {
  if (optimizer !== 'adam' && optimizer !== 'sgd') throw fail('CONFIG_INVALID', `model ${name}: an mlp learns by adam or sgd, not ${optimizer}`);
  return optimizer;
}
