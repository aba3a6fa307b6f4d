import { describe, expect, test } from '@jest/globals';

import { createModel, predictRows, topClass, weightsDigest, type LabelledRows } from '#models';

import { gaussian, labelled, random, examples } from '../testing/examples.ts';
import { modelContract } from '../testing/contract.ts';
import { Mlp, type MlpOptions } from './mlp.ts';

modelContract('mlp', { width: 5, classes: 3 }, (shape) => new Mlp({ ...shape, hidden: [8, 6], learningRate: 0.01 }));
modelContract('mlp by gradient descent', { width: 4, classes: 2 }, (shape) => new Mlp({ ...shape, hidden: [7], optimizer: 'sgd', learningRate: 0.05 }));

/** Two classes in rings: no line tells them apart. */
function rings(count: number, seed: number): LabelledRows {
  const next = random(seed);
  const normal = gaussian(next);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const features = Float32Array.from(Array.from(labels).flatMap((label) => {
    const [angle, radius] = [2 * Math.PI * next(), (label === 0 ? 1 : 3) + 0.2 * normal()];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  }));
  return labelled({ width: 2, classes: 2 }, features, labels);
}

test('it learns what no line can separate', () => {
  const model = new Mlp({ width: 2, classes: 2, hidden: [16], learningRate: 0.01 });
  for (let step = 0; step < 400; step++) model.learn(rings(32, step));
  const probe = rings(500, 9999);
  const p = predictRows(model, probe.features, probe.instruments);
  expect(Array.from(probe.labels).filter((label, i) => topClass(p, 2 * i, 2) === label).length).toBeGreaterThan(480);
});

/** Mean log loss of `rows` with weights as they are. */
function loss(model: Mlp, rows: LabelledRows): number {
  const p = predictRows(model, rows.features, rows.instruments);
  return -rows.labels.reduce((sum, label, i) => sum + Math.log(p[i * model.classes + label]!), 0) / rows.length;
}

test('the step of gradient descent goes down the slope of the mean log loss, as finite differences have it', () => {
  const options: MlpOptions = { width: 3, classes: 3, hidden: [5], optimizer: 'sgd', learningRate: 1e-3, l2: 0 };
  const rows = examples({ width: 3, classes: 3 }, 24, 5);
  const trained = new Mlp(options);
  // Learned from once, so that the scaler knows the rows and stays as it is, but for its count, when it sees them again.
  trained.learn(rows);
  const before = trained.save();
  const params = (model: Mlp): Float32Array => new Float32Array(Uint8Array.from(model.save().tensors.find(({ name }) => name === 'params')!.data).buffer);
  const start = params(trained);
  const moved = (index: number, by: number): number => {
    const changed = start.slice();
    changed[index] = changed[index]! + by;
    const copy = new Mlp(options);
    copy.restore({ ...before, tensors: before.tensors.map((tensor) => (tensor.name === 'params' ? { ...tensor, data: Buffer.from(changed.buffer) } : tensor)) });
    return loss(copy, rows);
  };
  trained.learn(rows);
  const after = params(trained);
  const h = 1e-2;
  for (let index = 0; index < start.length; index++) {
    const slope = (moved(index, h) - moved(index, -h)) / (2 * h);
    // ReLU has corners: where the slopes on both sides differ the step lies between them.
    expect(Math.abs((start[index]! - after[index]!) / 1e-3 - slope)).toBeLessThan(0.03);
  }
});

test('scalar kernels give the same weights bit for bit, whatever the batch', () => {
  const taught = (kernels: 'simd' | 'scalar', size: number): string => {
    const model = new Mlp({ width: 6, classes: 3, hidden: [12, 8], kernels });
    for (let step = 0; step < 5; step++) model.learn(examples(model, size, step));
    return weightsDigest(model.save());
  };
  for (const size of [1, 7, 32, 300]) expect([size, taught('simd', size)]).toEqual([size, taught('scalar', size)]);
});

describe('configured', () => {
  const spec = { name: 'm', kind: 'mlp', batch: 8 } as const;
  test('the seed decides the first weights, and nothing else does', () => {
    const digest = (seed: number): string => weightsDigest(createModel({ ...spec, seed }, { width: 3, classes: 3 }).save());
    expect(digest(1)).toBe(digest(1));
    expect(digest(1)).not.toBe(digest(2));
  });

  test('a wide and wild start is survived: a rate of 1 leaves probabilities, not NaN', () => {
    for (const optimizer of ['sgd', 'adam'] as const) {
      const model = createModel({ ...spec, optimizer, learningRate: 1 }, { width: 4, classes: 3 });
      for (let step = 0; step < 300; step++) model.learn(examples(model, 8, step));
      const rows = examples(model, 50, 7);
      for (const p of predictRows(model, rows.features, rows.instruments)) expect(p >= 1e-6 && p <= 1).toBe(true);
    }
  });

  test('another optimizer than adam or sgd is refused', () => {
    expect(() => createModel({ ...spec, optimizer: 'ftrl' }, { width: 4, classes: 3 })).toThrow('adam or sgd');
  });
});
