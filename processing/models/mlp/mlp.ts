/**
 * A multi-layer perceptron: standardised features, dense layers with ReLU, softmax; learned in mini-batches by Adam or gradient descent on the
 * log loss (Goodfellow, Bengio and Courville, Deep Learning, 2016, ch. 6), with L2 added to the gradient of weights, not of biases.
 *
 * Numbers are float32 but for the scaler and the softmax. Weights begin as He et al. have it (2015): normal, variance 2 / inputs, from the seed.
 * The gradient of a step is cut to a length of MAX_NORM (Pascanu, Mikolov and Bengio 2013): with features cut to 8 deviations no row, however
 * wild, makes weights infinite.
 */
import { fail, type SnapshotSection } from '#proto';

import { checkRows } from '../linear.ts';
import { floorProbabilities, type LabelledRows, type Model } from '../model.ts';
import { gaussian, seededRandom } from '../random.ts';
import { StandardScaler } from '../scaler.ts';
import { SectionReader, section } from '../section.ts';
import type { Engine, EngineSettings } from './engine.ts';
import type { KernelKind } from './kernels.ts';
import { Network } from './network.ts';

export interface MlpOptions {
  readonly width: number;
  readonly classes: number;
  /** Units of each hidden layer. @default [64, 32] */
  readonly hidden?: readonly number[] | undefined;
  /** @default 'adam' */
  readonly optimizer?: 'adam' | 'sgd' | undefined;
  /** @default 0.001 */
  readonly learningRate?: number | undefined;
  /** @default 1e-4 */
  readonly l2?: number | undefined;
  /** @default 1 */
  readonly seed?: number | undefined;
  /** Standardised features are cut off here. @default 8 */
  readonly maxDeviations?: number | undefined;
  /** @default 'simd'; 'scalar' gives the same bits, slower */
  readonly kernels?: KernelKind | undefined;
  /** Takes the learning steps. @default the kernels */
  readonly engine?: ((network: Network, settings: EngineSettings) => Engine) | undefined;
}

export const MAX_NORM = 5;
export const BETA1 = 0.9;
export const BETA2 = 0.999;
export const EPSILON = 1e-8;

/** What a snapshot of this kind says of itself. */
export interface MlpDocument {
  readonly kind: string;
  /** Features, units of each hidden layer, classes. */
  readonly widths: readonly number[];
  readonly optimizer: string;
  readonly step: number;
  readonly scaler: string;
}

export class Mlp implements Model {
  readonly kind = 'mlp';
  readonly width: number;
  readonly classes: number;
  readonly #widths: readonly number[];
  readonly #optimizer: 'adam' | 'sgd';
  readonly #rate: number;
  readonly #l2: number;
  readonly #scaler: StandardScaler;
  readonly #network: Network;
  readonly #z: Float64Array;
  readonly #p: Float64Array;
  readonly #engine: Engine | null;
  #step = 0;

  constructor(options: MlpOptions) {
    const { width, classes, hidden = [64, 32], optimizer = 'adam', learningRate = 0.001, l2 = 1e-4, seed = 1, kernels = 'simd' } = options;
    this.width = width;
    this.classes = classes;
    this.#widths = [width, ...hidden, classes];
    this.#optimizer = optimizer;
    this.#rate = learningRate;
    this.#l2 = l2;
    this.#scaler = new StandardScaler(width, options.maxDeviations);
    this.#network = new Network(this.#widths, kernels);
    this.#z = new Float64Array(width);
    this.#p = new Float64Array(classes);
    initialise(this.#network, seed);
    this.#engine = options.engine?.(this.#network, { classes, optimizer, learningRate, l2 }) ?? null;
  }

  get step(): number {
    return this.#step;
  }

  predictRow(features: Float32Array, at: number, _instrument: number, out: Float64Array, outAt: number): void {
    this.#scaler.transform(features, at, this.#z);
    this.#network.input(0, this.#z);
    softmax(this.#network.kernels.memory, this.#network.forward(1), out, outAt, this.classes);
    floorProbabilities(out, outAt, this.classes);
  }

  learn(rows: LabelledRows): void {
    checkRows(rows, this.width, this.classes);
    const { width } = this;
    const { features, length } = rows;
    const network = this.#network;
    for (let i = 0; i < length; i++) this.#scaler.learnRow(features, i * width);
    this.#scaler.refresh();
    if (this.#engine) {
      this.#engine.learn(this.#standardised(rows), rows.labels, length, this.#step);
      this.#step += 1;
      return;
    }
    network.zeroGradient();
    for (let from = 0; from < length; from += network.chunk) this.#accumulate(rows, from, Math.min(network.chunk, length - from));
    const scale = Math.min(1, MAX_NORM / Math.max(network.norm(), 1e-30));
    if (this.#optimizer === 'sgd') network.sgd(scale, this.#rate, this.#l2);
    else {
      const correction = Math.sqrt(1 - BETA2 ** (this.#step + 1));
      network.adam(scale, (this.#rate * correction) / (1 - BETA1 ** (this.#step + 1)), EPSILON * correction, this.#l2);
    }
    this.#step += 1;
  }

  save(): SnapshotSection {
    this.#engine?.pull();
    const scaler = this.#scaler.save();
    const { params, firstMoments, secondMoments } = this.#network;
    const document: MlpDocument = { kind: 'mlp', widths: this.#widths, optimizer: this.#optimizer, step: this.#step, scaler: scaler.document };
    const own = section(document, { params, ...(this.#optimizer === 'adam' && { m: firstMoments, v: secondMoments }) });
    return { document: own.document, tensors: [...own.tensors, ...scaler.tensors] };
  }

  restore(from: SnapshotSection): void {
    const reader = new SectionReader<MlpDocument>(from, 'model');
    const { document } = reader;
    if (document.kind !== 'mlp' || String(document.widths) !== String(this.#widths) || document.optimizer !== this.#optimizer) {
      throw fail('SNAPSHOT_CORRUPT', `a snapshot of ${document.kind} ${String(document.widths)} by ${document.optimizer}`);
    }
    const network = this.#network;
    const params = reader.f32('params', network.size);
    const moments = this.#optimizer === 'adam' ? [reader.f32('m', network.size), reader.f32('v', network.size)] as const : null;
    this.#scaler.restore({ document: document.scaler, tensors: from.tensors });
    network.params.set(params);
    if (moments) {
      network.firstMoments.set(moments[0]);
      network.secondMoments.set(moments[1]);
    }
    this.#step = document.step;
    this.#engine?.push();
  }

  /** Tensors held for learning; 0 with kernels of our own. */
  get tensors(): number {
    return this.#engine?.tensors ?? 0;
  }

  /** Gives back what learning held; the model still predicts. */
  close(): void {
    this.#engine?.close();
  }

  #standardised({ features, length }: LabelledRows): Float32Array {
    const stride = this.#network.layers[0]!.paddedInputs;
    const all = new Float32Array(length * stride);
    for (let i = 0; i < length; i++) {
      this.#scaler.transform(features, i * this.width, this.#z);
      all.set(this.#z, i * stride);
    }
    return all;
  }

  /** Adds the gradient of the mean log loss of `count` rows from `from` on. */
  #accumulate({ features, labels, length }: LabelledRows, from: number, count: number): void {
    const { classes, width } = this;
    const network = this.#network;
    const { memory } = network.kernels;
    for (let r = 0; r < count; r++) {
      this.#scaler.transform(features, (from + r) * width, this.#z);
      network.input(r, this.#z);
    }
    const outputs = network.forward(count);
    const stride = network.layers.at(-1)!.paddedOutputs;
    const p = this.#p;
    for (let r = 0; r < count; r++) {
      softmax(memory, outputs + r * stride, p, 0, classes);
      const at = network.outputSlopes + r * stride;
      for (let c = 0; c < classes; c++) memory[at + c] = (p[c]! - (labels[from + r] === c ? 1 : 0)) / length;
    }
    network.backward(count);
  }
}

/** Subtracting the largest score keeps exp in range. */
function softmax(scores: Float32Array, from: number, out: Float64Array, at: number, classes: number): void {
  let top = scores[from]!;
  for (let c = 1; c < classes; c++) if (scores[from + c]! > top) top = scores[from + c]!;
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    const power = Math.exp(scores[from + c]! - top);
    out[at + c] = power;
    sum += power;
  }
  for (let c = 0; c < classes; c++) out[at + c] = out[at + c]! / sum;
}

function initialise(network: Network, seed: number): void {
  const normal = gaussian(seededRandom(seed));
  const { params, layers } = network;
  for (const { inputs, outputs, paddedOutputs, weights } of layers) {
    const deviation = Math.sqrt(2 / inputs);
    for (let i = 0; i < inputs; i++) for (let o = 0; o < outputs; o++) params[weights + i * paddedOutputs + o] = normal() * deviation;
  }
}
