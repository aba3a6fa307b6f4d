/** Learn and predict, microseconds a row, of every model at several batch sizes. */
import { createLearner, createRegressor, gaussian, seededRandom, type LabelledRows, type Model, type ModelSpec, type RegressorSpec } from '#models';

import { median } from './stats.ts';

export const WIDTH = 32;
export const CLASSES = 3;
export const BATCHES = [1, 32, 128, 256, 1024] as const;

export interface ModelCase {
  readonly spec: ModelSpec | (RegressorSpec & { readonly name: string });
  /** Rows worked through in a repetition, about. */
  readonly rows: number;
}

/** Microseconds a row, by batch. */
export type ModelRun = Readonly<Record<'learn' | 'predict', Readonly<Record<string, number>>>>;

export const MODEL_CASES: readonly ModelCase[] = [
  { spec: { name: 'softmax, sgd', kind: 'softmax', batch: 1 }, rows: 40_000 },
  { spec: { name: 'softmax, adam', kind: 'softmax', batch: 1, optimizer: 'adam' }, rows: 40_000 },
  { spec: { name: 'softmax, ftrl', kind: 'softmax', batch: 1, optimizer: 'ftrl' }, rows: 40_000 },
  { spec: { name: 'logistic, sgd', kind: 'logistic', batch: 1 }, rows: 40_000 },
  { spec: { name: 'linear regression, sgd', kind: 'linear' }, rows: 40_000 },
  { spec: { name: 'mlp 32-64-32-3, own kernels', kind: 'mlp', batch: 1 }, rows: 20_000 },
  { spec: { name: 'mlp, TensorFlow.js wasm', kind: 'mlp', batch: 1, backend: 'wasm' }, rows: 2000 },
  { spec: { name: 'mlp, TensorFlow.js js', kind: 'mlp', batch: 1, backend: 'js' }, rows: 600 },
];

/** Different rows each, so that no step has nothing left to learn. */
function examples(length: number, classes: number): LabelledRows {
  const random = seededRandom(7);
  const normal = gaussian(random);
  return {
    length,
    features: Float32Array.from({ length: length * WIDTH }, normal),
    labels: Uint8Array.from({ length }, () => Math.floor(random() * classes)),
    instruments: new Int32Array(length),
    predicted: new Float64Array(length * classes).fill(1 / classes),
  };
}

export async function prepareModel({ spec, rows: count }: ModelCase): Promise<() => ModelRun> {
  const classes = spec.kind === 'logistic' ? 2 : CLASSES;
  const rows = examples(4096, classes);
  const sizes = BATCHES.filter((batch) => batch <= Math.max(256, count));
  if (spec.kind === 'linear' || spec.kind === 'mean' || spec.kind === 'last') {
    const model = createRegressor(spec, WIDTH);
    const targets = Float64Array.from(rows.labels);
    const learn = (from: number, length: number): void => { model.learn({ length, features: rows.features.subarray(from * WIDTH, (from + length) * WIDTH), targets: targets.subarray(from, from + length) }); };
    return () => measured(sizes, count, learn, (i) => { model.predictRow(rows.features, i * WIDTH); });
  }
  const model: Model = await createLearner(spec as ModelSpec, { width: WIDTH, classes });
  const out = new Float64Array(classes);
  const learn = (from: number, length: number): void => {
    model.learn({
      length,
      features: rows.features.subarray(from * WIDTH, (from + length) * WIDTH),
      labels: rows.labels.subarray(from, from + length),
      instruments: rows.instruments,
      predicted: rows.predicted,
    });
  };
  return () => measured(sizes, count, learn, (i) => { model.predictRow(rows.features, i * WIDTH, 0, out, 0); });
}

function measured(sizes: readonly number[], count: number, learn: (from: number, length: number) => void, predict: (row: number) => void): ModelRun {
  const learned: Record<string, number> = {};
  for (const batch of sizes) {
    const steps = Math.max(16, Math.ceil(count / batch));
    learned[batch] = timed(steps, (step) => { learn((step * batch) % (4096 - batch + 1), batch); }) / batch;
  }
  return { learn: learned, predict: { 1: timed(count, (i) => { predict(i % 4096); }) } };
}

/** Microseconds a step: the median of blocks of about a millisecond, which other work on the machine seldom breaks into. As models_peer.py does it. */
function timed(steps: number, work: (step: number) => void): number {
  const warm = Math.max(1, Math.floor(steps / 4));
  const block = Math.max(1, Math.round(warm / run(0, warm, work)));
  const times: number[] = [];
  for (let first = 0; first < steps; first += block) times.push((run(first, block, work) * 1000) / block);
  return median(times);
}

/** Milliseconds. */
function run(first: number, count: number, work: (step: number) => void): number {
  const started = performance.now();
  for (let step = first; step < first + count; step++) work(step);
  return performance.now() - started;
}
