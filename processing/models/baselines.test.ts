import { expect, test } from '@jest/globals';

import { predictRows } from '#models';

import { ClassPrior, Persistence } from './baselines.ts';
import { labelled } from './testing/examples.ts';

const shape = { width: 1, classes: 3 };
const learn = (model: ClassPrior | Persistence, labels: number[], id = 0, said?: readonly number[]): void => {
  const predicted = said && Float64Array.from(labels.flatMap(() => said));
  model.learn(labelled(shape, new Float32Array(labels.length), Uint8Array.from(labels), new Int32Array(labels.length).fill(id), predicted));
};
const predict = (model: ClassPrior | Persistence, id = 0): number[] => Array.from(predictRows(model, new Float32Array(1), Int32Array.of(id)));

test('the prior is (count + 1) / (n + classes)', () => {
  const model = new ClassPrior(shape);
  expect(predict(model)).toEqual([1 / 3, 1 / 3, 1 / 3]);
  learn(model, [0, 2, 2, 2]);
  expect(predict(model)).toEqual([2 / 7, 1 / 7, 4 / 7]);
});

test('persistence knows nothing of an instrument it has no label of', () => {
  const model = new Persistence(shape);
  learn(model, [2], 5);
  expect(predict(model, 4)).toEqual([1 / 3, 1 / 3, 1 / 3]);
  expect(predict(model, 5).indexOf(Math.max(...predict(model, 5)))).toBe(2);
});

test('persistence trusts itself as much as it was right when it predicted', () => {
  const model = new Persistence(shape);
  const sayUp = [0.2, 0.2, 0.6];
  learn(model, [2], 0); // It had said nothing: not counted.
  learn(model, [2, 2, 2, 0], 0, sayUp);
  // Three hits of four; the newest label is 0.
  expect(predict(model)).toEqual([4 / 7, (1 - 4 / 7) / 2, (1 - 4 / 7) / 2]);
});

test('persistence is never less sure than chance, however often it was wrong', () => {
  const model = new Persistence(shape);
  learn(model, Array.from({ length: 100 }, () => 0), 0, [0.2, 0.2, 0.6]);
  expect(predict(model)[0]).toBeGreaterThan(1 / 3);
  expect(predict(model)[0]).toBeLessThan(1 / 3 + 1e-6);
});

test('labels of a thousand instruments are kept apart', () => {
  const model = new Persistence(shape);
  for (let id = 0; id < 1000; id++) learn(model, [id % 3], id);
  for (let id = 0; id < 1000; id++) {
    const p = predict(model, id);
    expect(p.indexOf(Math.max(...p))).toBe(id % 3);
  }
});
