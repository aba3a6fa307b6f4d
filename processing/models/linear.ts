/**
 * Softmax regression (multinomial logistic regression) and logistic regression, learned in mini-batches by a first-order
 * optimizer on the log loss, with L2 on the weights (not on the bias), over features standardised by a running scaler. Gradient: Bishop, Pattern Recognition and Machine Learning, eq. 4.109 (softmax), 4.91 (logistic).
 */
import { fail, type SnapshotSection } from '#proto';

import { floorProbabilities, type LabelledRows, type Model } from './model.ts';
import { createOptimizer, optimizerTensors, readOptimizer, type Optimizer, type OptimizerOptions } from './optimizers.ts';
import { checkFeatures } from './regressor.ts';
import { StandardScaler } from './scaler.ts';
import { SectionReader, section } from './section.ts';

export interface LinearOptions extends OptimizerOptions {
  readonly width: number;
  /** 2: one weight vector, logistic; more: one for each class. */
  readonly classes: number;
  /** Standardised features are cut off here. @default 8 */
  readonly maxDeviations?: number | undefined;
}

export class LinearClassifier implements Model {
  readonly kind: string;
  readonly width: number;
  readonly classes: number;
  readonly #optimizer: Optimizer;
  readonly #scaler: StandardScaler;
  /** Rows of weights, each `width` long and then the bias. */
  readonly #outputs: number;
  readonly #weights: Float64Array;
  readonly #gradient: Float64Array;
  readonly #z: Float64Array;
  readonly #p: Float64Array;
  #step = 0;

  constructor(options: LinearOptions) {
    this.kind = options.classes === 2 ? 'logistic' : 'softmax';
    this.width = options.width;
    this.classes = options.classes;
    this.#outputs = options.classes === 2 ? 1 : options.classes;
    this.#scaler = new StandardScaler(options.width, options.maxDeviations);
    this.#weights = new Float64Array(this.#outputs * (options.width + 1));
    this.#gradient = new Float64Array(this.#weights.length);
    this.#optimizer = createOptimizer(options, this.#weights.length, options.width + 1);
    this.#z = new Float64Array(options.width);
    this.#p = new Float64Array(options.classes);
  }

  get step(): number {
    return this.#step;
  }

  predictRow(features: Float32Array, at: number, _instrument: number, out: Float64Array, outAt: number): void {
    this.#scaler.transform(features, at, this.#z);
    this.#forward(out, outAt);
    floorProbabilities(out, outAt, this.classes);
  }

  learn(rows: LabelledRows): void {
    checkRows(rows, this.width, this.classes);
    const { width, classes } = this;
    const stride = width + 1;
    const outputs = this.#outputs;
    const { features, labels, length } = rows;
    const gradient = this.#gradient;
    for (let w = 0; w < gradient.length; w++) gradient[w] = 0;
    const scaler = this.#scaler;
    const z = this.#z;
    const p = this.#p;
    for (let i = 0; i < length; i++) scaler.learnRow(features, i * width);
    scaler.refresh();
    for (let i = 0; i < length; i++) {
      scaler.transform(features, i * width, z);
      this.#forward(p, 0);
      const label = labels[i]!;
      p[label] = p[label]! - 1;
      for (let k = 0; k < outputs; k++) {
        const error = p[classes === 2 ? 1 : k]!;
        const base = k * stride;
        for (let j = 0; j < width; j++) gradient[base + j] = gradient[base + j]! + error * z[j]!;
        gradient[base + width] = gradient[base + width]! + error;
      }
    }
    this.#optimizer.update(this.#weights, gradient, length, this.#step);
    this.#step += 1;
  }

  save(): SnapshotSection {
    const scaler = this.#scaler.save();
    const optimizer = this.#optimizer;
    const document = { kind: this.kind, step: this.#step, scaler: scaler.document, ...(optimizer.kind !== 'sgd' && { optimizer: optimizer.kind }) };
    const own = section(document, { weights: this.#weights, ...optimizerTensors(optimizer) });
    return { document: own.document, tensors: [...own.tensors, ...scaler.tensors] };
  }

  restore(from: SnapshotSection): void {
    const reader = new SectionReader<{ kind: string; step: number; scaler: string; optimizer?: string }>(from, 'model');
    if (reader.document.kind !== this.kind) {
      throw fail('SNAPSHOT_CORRUPT', `a snapshot of ${reader.document.kind}, not of ${this.kind}`);
    }
    const weights = reader.f64('weights', this.#weights.length);
    const restoreOptimizer = readOptimizer(this.#optimizer, reader.document.optimizer, reader);
    this.#scaler.restore({ document: reader.document.scaler, tensors: from.tensors });
    restoreOptimizer();
    this.#weights.set(weights);
    this.#step = reader.document.step;
  }

  /** Probabilities of the standardised row in `#z`. Subtracting the largest score keeps exp in range. */
  #forward(out: Float64Array, at: number): void {
    const { width, classes } = this;
    const weights = this.#weights;
    const z = this.#z;
    if (classes === 2) {
      let score = weights[width]!;
      for (let j = 0; j < width; j++) score += weights[j]! * z[j]!;
      const p = 1 / (1 + Math.exp(-score));
      out[at] = 1 - p;
      out[at + 1] = p;
      return;
    }
    const stride = width + 1;
    let top = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < classes; k++) {
      const base = k * stride;
      let score = weights[base + width]!;
      for (let j = 0; j < width; j++) score += weights[base + j]! * z[j]!;
      out[at + k] = score;
      if (score > top) top = score;
    }
    let sum = 0;
    for (let k = at; k < at + classes; k++) {
      out[k] = Math.exp(out[k]! - top);
      sum += out[k]!;
    }
    for (let k = at; k < at + classes; k++) out[k] = out[k]! / sum;
  }
}

/** Refuses rows that no model may learn from, before anything is changed. */
export function checkRows(rows: LabelledRows, width: number, classes: number): void {
  checkFeatures(rows.features, rows.length, width);
  if (rows.labels.length < rows.length || rows.instruments.length < rows.length || rows.predicted.length < rows.length * classes) {
    throw fail('SHAPE_MISMATCH', `${rows.labels.length} labels, ${rows.instruments.length} instruments and ${rows.predicted.length} probabilities for ${rows.length} rows`);
  }
  for (let i = 0; i < rows.length; i++) {
    if (rows.labels[i]! >= classes) throw fail('SHAPE_MISMATCH', `label ${rows.labels[i]!} of ${classes} classes`);
  }
}
