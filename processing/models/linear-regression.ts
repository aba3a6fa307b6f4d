/**
 * Linear regression, learned in mini-batches by a first-order optimizer on the squared error, over features standardised by a
 * running scaler. Gradient: 2 (ŷ − y) x (Bishop, Pattern Recognition and Machine Learning, eq. 3.13, not halved).
 */
import { fail, type SnapshotSection } from '#proto';

import { createOptimizer, optimizerTensors, readOptimizer, type Optimizer, type OptimizerOptions } from './optimizers.ts';
import { checkFeatures, type Regressor, type TargetRows } from './regressor.ts';
import { StandardScaler } from './scaler.ts';
import { SectionReader, section } from './section.ts';

export interface LinearRegressionOptions extends OptimizerOptions {
  readonly width: number;
  /** Standardised features are cut off here. @default 8 */
  readonly maxDeviations?: number | undefined;
}

/** Larger errors count as this much: one absurd target must not make weights infinite. */
const MAX_ERROR = 1e12;

export class LinearRegression implements Regressor {
  readonly kind = 'linear';
  readonly width: number;
  readonly #scaler: StandardScaler;
  readonly #optimizer: Optimizer;
  /** `width` weights and the bias. */
  readonly #weights: Float64Array;
  readonly #gradient: Float64Array;
  readonly #z: Float64Array;
  #step = 0;

  constructor(options: LinearRegressionOptions) {
    const { width } = options;
    this.width = width;
    this.#scaler = new StandardScaler(width, options.maxDeviations);
    this.#weights = new Float64Array(width + 1);
    this.#gradient = new Float64Array(width + 1);
    this.#optimizer = createOptimizer(options, width + 1, width + 1);
    this.#z = new Float64Array(width);
  }

  get step(): number {
    return this.#step;
  }

  predictRow(features: Float32Array, at: number): number {
    this.#scaler.transform(features, at, this.#z);
    return this.#forward();
  }

  learn(rows: TargetRows): void {
    checkTargets(rows, this.width);
    const { width } = this;
    const { features, targets, length } = rows;
    const gradient = this.#gradient.fill(0);
    const z = this.#z;
    for (let i = 0; i < length; i++) this.#scaler.learnRow(features, i * width);
    this.#scaler.refresh();
    for (let i = 0; i < length; i++) {
      this.#scaler.transform(features, i * width, z);
      const error = 2 * Math.max(-MAX_ERROR, Math.min(MAX_ERROR, this.#forward() - targets[i]!));
      for (let j = 0; j < width; j++) gradient[j] = gradient[j]! + error * z[j]!;
      gradient[width] = gradient[width]! + error;
    }
    this.#optimizer.update(this.#weights, gradient, length, this.#step);
    this.#step += 1;
  }

  save(): SnapshotSection {
    const scaler = this.#scaler.save();
    const optimizer = this.#optimizer;
    const own = section(
      { kind: this.kind, step: this.#step, scaler: scaler.document, optimizer: optimizer.kind },
      { weights: this.#weights, ...optimizerTensors(optimizer) },
    );
    return { document: own.document, tensors: [...own.tensors, ...scaler.tensors] };
  }

  restore(from: SnapshotSection): void {
    const reader = new SectionReader<{ kind: string; step: number; scaler: string; optimizer?: string }>(from, 'model');
    const { kind, step, scaler, optimizer } = reader.document;
    if (kind !== this.kind) throw fail('SNAPSHOT_CORRUPT', `a snapshot of ${kind}, not of ${this.kind}`);
    const weights = reader.f64('weights', this.#weights.length);
    const restoreOptimizer = readOptimizer(this.#optimizer, optimizer, reader);
    this.#scaler.restore({ document: scaler, tensors: from.tensors });
    restoreOptimizer();
    this.#weights.set(weights);
    this.#step = step;
  }

  #forward(): number {
    const { width } = this;
    const weights = this.#weights;
    const z = this.#z;
    let sum = weights[width]!;
    for (let j = 0; j < width; j++) sum += weights[j]! * z[j]!;
    return sum;
  }
}

/** Refuses rows that no regressor may learn from, before anything is changed. */
export function checkTargets(rows: TargetRows, width: number): void {
  checkFeatures(rows.features, rows.length, width);
  if (rows.targets.length < rows.length) throw fail('SHAPE_MISMATCH', `${rows.targets.length} targets for ${rows.length} rows`);
  for (let i = 0; i < rows.length; i++) {
    if (!Number.isFinite(rows.targets[i]!)) throw fail('NOT_FINITE', `target of row ${i}`);
  }
}
