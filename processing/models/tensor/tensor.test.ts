/** An Mlp whose steps TensorFlow.js takes, beside one with kernels of our own. */
import { describe, expect, test } from '@jest/globals';
import { createRequire } from 'node:module';

import { createLearner, createModel, predictRows, type Model, type ModelSpec } from '#models';
import { hasCode } from '#proto';

import { examples } from '../testing/examples.ts';
import { TENSOR_BACKENDS, loadTensorFlow } from './backend.ts';

const SHAPE = { width: 10, classes: 3 };
const spec = (more: Partial<ModelSpec>): ModelSpec => ({ name: 'm', kind: 'mlp', batch: 16, hidden: [12, 8], ...more });
const rows = (step: number) => examples(SHAPE, 16, step);

const installed = (name: string): boolean => {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
};
const native = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'].some(installed);

function params(model: Model): Float32Array {
  return new Float32Array(Uint8Array.from(model.save().tensors.find(({ name }) => name === 'params')!.data).buffer);
}

/** Largest difference of weights, relative to the largest weight. */
function apart(a: Model, b: Model): number {
  const [x, y] = [params(a), params(b)];
  const largest = Math.max(...x.map(Math.abs));
  return Math.max(...x.map((value, i) => Math.abs(value - y[i]!))) / largest;
}

describe.each(TENSOR_BACKENDS)('backend %s', (backend) => {
  const on = backend === 'native' && !native ? test.skip : test;

  on.each([['sgd', 0.05, 1e-5], ['adam', 0.001, 1e-3]] as const)('%s: after 100 steps weights are those of our own kernels', async (optimizer, learningRate, tolerance) => {
    const own = createModel(spec({ optimizer, learningRate }), SHAPE);
    const other = await createLearner(spec({ optimizer, learningRate, backend }), SHAPE);
    expect(apart(own, other)).toBe(0);
    for (let step = 0; step < 100; step++) for (const model of [own, other]) model.learn(rows(step));
    expect(apart(own, other)).toBeLessThan(tolerance);
    const probe = examples(SHAPE, 50, 999);
    const [p, q] = [own, other].map((model) => predictRows(model, probe.features, probe.instruments));
    p!.forEach((value, i) => { expect(Math.abs(value - q![i]!)).toBeLessThan(10 * tolerance); });
    other.close!();
  });

  on('a restored learner goes on bit for bit; servers score the snapshot with our own kernels to the same bits', async () => {
    const learner = await createLearner(spec({ backend }), SHAPE);
    for (let step = 0; step < 20; step++) learner.learn(rows(step));
    const saved = structuredClone(learner.save());
    const [restored, served] = [await createLearner(spec({ backend }), SHAPE), createModel(spec({ backend }), SHAPE)];
    for (const model of [restored, served]) model.restore(saved);
    const probe = examples(SHAPE, 30, 77);
    const predicted = (model: Model): Float64Array => predictRows(model, probe.features, probe.instruments);
    for (let step = 0; step < 5; step++) {
      expect([restored.step, predicted(restored)]).toEqual([learner.step, predicted(learner)]);
      if (step === 0) expect(predicted(served)).toEqual(predicted(learner));
      for (const model of [learner, restored]) model.learn(rows(500 + step));
    }
    expect(params(restored)).toEqual(params(learner));
    for (const model of [learner, restored]) model.close!();
  });

  on('tensors stay as many as they were, and are given back', async () => {
    const before = (await loadTensorFlow(backend)).memory().numTensors;
    const small: ModelSpec = spec({ backend, hidden: [4] });
    const model = await createLearner(small, { width: 3, classes: 2 });
    const batch = examples({ width: 3, classes: 2 }, 4, 1);
    model.learn(batch);
    const held = model.tensors;
    // All 100,000 with FORETICK_TEST_STEPS=100000.
    const steps = Number(process.env['FORETICK_TEST_STEPS'] ?? 1000);
    for (let step = 0; step < steps; step++) {
      model.learn(batch);
      if (step % 100 === 0) model.restore(model.save());
    }
    expect(model.tensors).toBe(held);
    model.close!();
    model.close!();
    expect((await loadTensorFlow(backend)).memory().numTensors).toBe(before);
  }, 1_200_000);
});

(native ? test.skip : test)('a native backend that is not installed is refused, naming the packages', async () => {
  const error = await createLearner(spec({ backend: 'native' }), SHAPE).catch((thrown: unknown) => thrown);
  expect(hasCode(error, 'MODEL_BACKEND_UNAVAILABLE')).toBe(true);
  expect((error as Error).message).toContain('@tensorflow/tfjs-node-gpu');
});
