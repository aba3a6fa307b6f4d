import { expect, test } from '@jest/globals';

import { SectionReader, predictRows, topClass, type LabelledRows } from '#models';

import { LinearClassifier } from './linear.ts';
import { StandardScaler } from './scaler.ts';
import { examples, gaussian, labelled, random } from './testing/examples.ts';

type ReferenceOptions = Record<'width' | 'classes' | 'learningRate' | 'decaySteps' | 'l2', number>;

/** The model by its definition: the scaler by two passes over all rows seen, the gradient of the loss by finite differences. */
class Reference {
  readonly options: ReferenceOptions;
  readonly outputs: number;
  weights: number[][];
  seen: number[][] = [];
  step = 0;

  constructor(options: ReferenceOptions) {
    this.options = options;
    this.outputs = options.classes === 2 ? 1 : options.classes;
    this.weights = Array.from({ length: this.outputs }, () => Array.from({ length: options.width + 1 }, () => 0));
  }

  scale(row: readonly number[]): number[] {
    return row.map((x, j) => {
      const values = this.seen.map((each) => each[j]!);
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
      if (!(variance > 1e-18)) return 0;
      return Math.min(8, Math.max(-8, (x - mean) / Math.sqrt(variance)));
    });
  }

  probabilities(z: readonly number[], weights = this.weights): number[] {
    const scores = weights.map((w) => w.reduce((sum, weight, j) => sum + weight * (z[j] ?? 1), 0));
    const powers = this.options.classes === 2 ? [1, Math.exp(scores[0]!)] : scores.map(Math.exp);
    const total = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / total);
  }

  learn(rows: LabelledRows): void {
    const { width, learningRate, decaySteps, l2 } = this.options;
    const table = Array.from({ length: rows.length }, (_, i) => Array.from(rows.features.subarray(i * width, (i + 1) * width)));
    this.seen.push(...table);
    const z = table.map((row) => this.scale(row));
    const loss = (weights: number[][]): number =>
      z.reduce((sum, row, i) => sum - Math.log(this.probabilities(row, weights)[rows.labels[i]!]!), 0) / rows.length +
      (l2 / 2) * weights.reduce((sum, w) => sum + w.slice(0, width).reduce((a, b) => a + b * b, 0), 0);
    const rate = learningRate / (decaySteps > 0 ? Math.sqrt(1 + this.step / decaySteps) : 1);
    const h = 1e-5;
    this.weights = this.weights.map((w, k) =>
      w.map((weight, j) => {
        const moved = (by: number): number[][] => this.weights.map((row, a) => row.map((value, b) => (a === k && b === j ? value + by : value)));
        return weight - (rate * (loss(moved(h)) - loss(moved(-h)))) / (2 * h);
      }),
    );
    this.step += 1;
  }
}

test.each([2, 3, 5])('with %d classes a step is one of gradient descent on the mean log loss with L2', (classes) => {
  const options = { width: 3, classes, learningRate: 0.2, decaySteps: 3, l2: 0.05 };
  const model = new LinearClassifier(options);
  const reference = new Reference(options);
  for (let step = 0; step < 15; step++) {
    const rows = examples(options, 6, step);
    model.learn(rows);
    reference.learn(rows);
    const probe = examples(options, 5, 1000 + step);
    const got = predictRows(model, probe.features, probe.instruments);
    for (let i = 0; i < probe.length; i++) {
      const want = reference.probabilities(reference.scale(Array.from(probe.features.subarray(i * 3, (i + 1) * 3))));
      want.forEach((p, c) => { expect(Math.abs(got[i * classes + c]! - p)).toBeLessThan(2e-6); });
    }
  }
});

test.each([2, 3])('with %d classes it learns what a line can separate, on features of any scale', (classes) => {
  const shape = { width: 2, classes };
  const model = new LinearClassifier({ ...shape, learningRate: 0.5 });
  const normal = gaussian(random(4));
  const draw = (n: number): LabelledRows => {
    const labels = Uint8Array.from({ length: n }, (_, i) => i % classes);
    const angles = Array.from(labels, (label) => (2 * Math.PI * label) / classes);
    const features = Float32Array.from(angles.flatMap((angle) => [1e4 + 100 * (3 * Math.cos(angle) + normal()), 1e-3 * (3 * Math.sin(angle) + normal())]));
    return labelled(shape, features, labels);
  };
  for (let step = 0; step < 200; step++) model.learn(draw(16));
  const rows = draw(600);
  const p = predictRows(model, rows.features, rows.instruments);
  let hits = 0;
  for (let i = 0; i < rows.length; i++) if (topClass(p, i * classes, classes) === rows.labels[i]) hits += 1;
  expect(hits / rows.length).toBeGreaterThan(0.97);
});

test('before it has learned, every class is equally likely', () => {
  const model = new LinearClassifier({ width: 2, classes: 3 });
  expect(Array.from(predictRows(model, Float32Array.of(5, -5), Int32Array.of(0)))).toEqual([1 / 3, 1 / 3, 1 / 3]);
});

test('the scaler’s mean and variance are those of two passes, far from zero too', () => {
  const normal = gaussian(random(9));
  const width = 3;
  const rows = Array.from({ length: 5000 }, () => [normal(), 1e6 + normal(), 42]);
  const scaler = new StandardScaler(width);
  for (const row of rows) scaler.learnRow(Float32Array.from(row), 0);
  scaler.refresh();
  const exact = rows.map((row) => Array.from(Float32Array.from(row)));
  const mean = [0, 1, 2].map((j) => exact.reduce((sum, row) => sum + row[j]!, 0) / exact.length);
  const deviation = [0, 1, 2].map((j) => Math.sqrt(exact.reduce((sum, row) => sum + (row[j]! - mean[j]!) ** 2, 0) / exact.length));
  const out = new Float64Array(width);
  const probe = Float32Array.of(0.5, 1e6 + 2, 50);
  scaler.transform(probe, 0, out);
  expect(out[0]).toBeCloseTo((probe[0]! - mean[0]!) / deviation[0]!, 8);
  expect(out[1]).toBeCloseTo((probe[1]! - mean[1]!) / deviation[1]!, 6);
  // A feature that has never varied says nothing, whatever it says now.
  expect(out[2]).toBe(0);
  scaler.transform(Float32Array.of(1e9, -1e9, 0), 0, out);
  expect(Array.from(out.subarray(0, 2))).toEqual([8, -8]);
  expect(new SectionReader<{ count: number }>(scaler.save(), 'scaler').document.count).toBe(5000);
});
