/**
 * First-order optimizers over rows of weights: each row `stride` values, the last of them the bias, which is not shrunk.
 * State is float64 and part of snapshots. A step is O(weights).
 */
import { fail } from '#proto';

import type { SectionReader } from './section.ts';

export const OPTIMIZERS = ['sgd', 'adagrad', 'ftrl', 'adam'] as const;
export type OptimizerKind = (typeof OPTIMIZERS)[number];

export interface OptimizerOptions {
  /** @default 'sgd' */
  readonly optimizer?: OptimizerKind | undefined;
  /** Step size: of the first step (sgd), of Adam and AdaGrad, α of FTRL. @default 0.0003 */
  readonly learningRate?: number | undefined;
  /** sgd: the step size falls as 1 / sqrt(1 + step / decaySteps). 0: it does not. @default 0 */
  readonly decaySteps?: number | undefined;
  /** λ of ½ λ |w|², bias left out: added to the gradient; in FTRL part of its closed form. @default 1e-4 */
  readonly l2?: number | undefined;
  /** The biases' own step size, of plain gradient descent. @default they move as weights do */
  readonly interceptRate?: number | undefined;
  /** λ of λ |w|, FTRL only: sets weights to 0 exactly. @default 0 */
  readonly l1?: number | undefined;
}

export interface Optimizer {
  readonly kind: OptimizerKind;
  /**
   * One step against `gradient`, the sum over `rows` rows; `step` counts from 0. `weights` changes in place.
   */
  update(weights: Float64Array, gradient: Float64Array, rows: number, step: number): void;
  /** What later steps depend on, by name. */
  readonly state: Readonly<Record<string, Float64Array>>;
}

const EPSILON = 1e-8;
/** Below this a moment is 0: it no longer counts, and numbers below 1e-308 are many times slower. */
const TINY = 1e-200;

/** @param stride weights of a row, its bias among them */
export function createOptimizer(options: OptimizerOptions, size: number, stride: number): Optimizer {
  const optimizer = ofKind(options, size, stride);
  return options.interceptRate === undefined ? optimizer : withInterceptRate(optimizer, options.interceptRate, stride);
}

function ofKind({ optimizer = 'sgd', learningRate: rate = 0.0003, decaySteps = 0, l2 = 1e-4, l1 = 0 }: OptimizerOptions, size: number, stride: number): Optimizer {
  switch (optimizer) {
    case 'sgd':
      return sgd(rate, decaySteps, l2, stride);
    case 'adagrad':
      return adagrad(rate, l2, size, stride);
    case 'ftrl':
      return ftrl(rate, l1, l2, size, stride);
    case 'adam':
      return adam(rate, l2, size, stride);
    default:
      throw fail('CONFIG_INVALID', `unknown optimizer ${String(optimizer)}`);
  }
}

function withInterceptRate(optimizer: Optimizer, rate: number, stride: number): Optimizer {
  return {
    ...optimizer,
    update(weights, gradient, rows, step) {
      const biases: number[] = [];
      for (let bias = stride - 1; bias < weights.length; bias += stride) biases.push(weights[bias]! - (rate / rows) * gradient[bias]!);
      optimizer.update(weights, gradient, rows, step);
      biases.forEach((bias, k) => { weights[(k + 1) * stride - 1] = bias; });
    },
  };
}

/**
 * Reads saved state, to be put back by calling the answer; before optimizers had state there was none to save.
 * SNAPSHOT_CORRUPT when it is of another optimizer.
 */
export function readOptimizer(optimizer: Optimizer, kind: string | undefined, reader: SectionReader<object>): () => void {
  if ((kind ?? 'sgd') !== optimizer.kind) throw fail('SNAPSHOT_CORRUPT', `a snapshot of ${kind ?? 'sgd'}, not of ${optimizer.kind}`);
  const saved = Object.entries(optimizer.state).map(([name, values]) => [values, reader.f64(`optimizer.${name}`, values.length)] as const);
  return () => {
    for (const [values, from] of saved) values.set(from);
  };
}

/** Tensors of a snapshot. */
export function optimizerTensors({ state }: Optimizer): Record<string, Float64Array> {
  return Object.fromEntries(Object.entries(state).map(([name, values]) => [`optimizer.${name}`, values]));
}

/** Robbins and Monro, A Stochastic Approximation Method (1951). */
function sgd(first: number, decaySteps: number, l2: number, stride: number): Optimizer {
  return {
    kind: 'sgd',
    state: {},
    update(weights, gradient, rows, step) {
      const rate = first / (decaySteps > 0 ? Math.sqrt(1 + step / decaySteps) : 1);
      const scale = rate / rows;
      const shrink = rate * l2;
      for (let base = 0; base < weights.length; base += stride) {
        const bias = base + stride - 1;
        for (let w = base; w < bias; w++) weights[w] = weights[w]! - scale * gradient[w]! - shrink * weights[w]!;
        weights[bias] = weights[bias]! - scale * gradient[bias]!;
      }
    },
  };
}

/** Duchi, Hazan and Singer, Adaptive Subgradient Methods (JMLR 12, 2011), diagonal form. */
function adagrad(rate: number, l2: number, size: number, stride: number): Optimizer {
  const squares = new Float64Array(size);
  return {
    kind: 'adagrad',
    state: { squares },
    update(weights, gradient, rows) {
      for (let w = 0; w < weights.length; w++) {
        const g = gradient[w]! / rows + (isBias(w, stride) ? 0 : l2 * weights[w]!);
        const sum = squares[w]! + g * g;
        squares[w] = sum;
        weights[w] = weights[w]! - (rate / Math.sqrt(sum + EPSILON)) * g;
      }
    },
  };
}

/** McMahan et al., Ad Click Prediction: a View from the Trenches (KDD 2013), algorithm 1, with β = 1. */
function ftrl(alpha: number, l1: number, l2: number, size: number, stride: number): Optimizer {
  const z = new Float64Array(size);
  const n = new Float64Array(size);
  return {
    kind: 'ftrl',
    state: { z, n },
    update(weights, gradient, rows) {
      for (let w = 0; w < weights.length; w++) {
        const g = gradient[w]! / rows;
        const before = n[w]!;
        const after = before + g * g;
        const sigma = (Math.sqrt(after) - Math.sqrt(before)) / alpha;
        const sum = z[w]! + g - sigma * weights[w]!;
        z[w] = sum;
        n[w] = after;
        const bias = isBias(w, stride);
        const threshold = bias ? 0 : l1;
        const curvature = (1 + Math.sqrt(after)) / alpha + (bias ? 0 : l2);
        weights[w] = Math.abs(sum) <= threshold ? 0 : -(sum - Math.sign(sum) * threshold) / curvature;
      }
    },
  };
}

const BETA1 = 0.9;
const BETA2 = 0.999;

/** Kingma and Ba, Adam (ICLR 2015), algorithm 1, with β₁ = 0.9 and β₂ = 0.999. */
function adam(rate: number, l2: number, size: number, stride: number): Optimizer {
  const m = new Float64Array(size);
  const v = new Float64Array(size);
  return {
    kind: 'adam',
    state: { m, v },
    update(weights, gradient, rows, step) {
      const first = 1 - BETA1 ** (step + 1);
      const second = 1 - BETA2 ** (step + 1);
      for (let w = 0; w < weights.length; w++) {
        const g = gradient[w]! / rows + (isBias(w, stride) ? 0 : l2 * weights[w]!);
        const mean = BETA1 * m[w]! + (1 - BETA1) * g;
        const square = BETA2 * v[w]! + (1 - BETA2) * g * g;
        m[w] = Math.abs(mean) < TINY ? 0 : mean;
        v[w] = square < TINY ? 0 : square;
        weights[w] = weights[w]! - (rate * (mean / first)) / (Math.sqrt(square / second) + EPSILON);
      }
    },
  };
}

const isBias = (w: number, stride: number): boolean => (w + 1) % stride === 0;
