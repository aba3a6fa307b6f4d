/** What every online classifier promises, as tests of those names. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { MIN_PROBABILITY, predictRows, section, weightsDigest, type LabelledRows, type Model } from '#models';
import { ForetickError, type SnapshotSection } from '#proto';

import { examples, labelled } from './examples.ts';

export interface Shape {
  readonly width: number;
  readonly classes: number;
}

const digest = (model: Model): string => weightsDigest(model.save());

function taught(model: Model, steps = 20, seed = 1): Model {
  for (let step = 0; step < steps; step++) model.learn(examples(model, 8, seed + step));
  return model;
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof ForetickError) return error.code;
    throw error;
  }
}

const predictAll = (model: Model, rows: LabelledRows): Float64Array => predictRows(model, rows.features, rows.instruments);

/** @param make a fresh model; the shapes it is asked for have the classes of `shape` unless a test wants a wrong one */
export function modelContract(name: string, shape: Shape, make: (shape: Shape) => Model): void {
  const fresh = (): Model => make(shape);

  test(`${name}: the same rows give the same bits`, () => {
    const [a, b] = [taught(fresh()), taught(fresh())];
    expect(digest(a)).toBe(digest(b));
    expect(predictAll(a, examples(a, 50, 99))).toEqual(predictAll(b, examples(b, 50, 99)));
  });

  test(`${name}: other rows give another state`, () => {
    expect(digest(taught(fresh(), 20, 1))).not.toBe(digest(taught(fresh(), 20, 500)));
  });

  test(`${name}: predict never learns`, () => {
    const model = taught(fresh());
    const before = digest(model);
    predictAll(model, examples(model, 100, 7));
    expect([digest(model), model.step]).toEqual([before, 20]);
  });

  test(`${name}: learn counts a step and leaves its inputs untouched`, () => {
    const model = fresh();
    const rows = examples(model, 16, 3);
    const copy = structuredClone({ ...rows });
    model.learn(rows);
    expect({ ...rows }).toEqual(copy);
    expect(model.step).toBe(1);
  });

  test(`${name}: rows beyond length are not looked at`, () => {
    const [a, b] = [fresh(), fresh()];
    const rows = examples(a, 8, 3);
    a.learn({ ...rows, length: 5 });
    b.learn(labelled(b, rows.features.slice(0, 5 * b.width), rows.labels.slice(0, 5), rows.instruments.slice(0, 5), rows.predicted.slice(0, 5 * b.classes)));
    expect(digest(a)).toBe(digest(b));
  });

  test(`${name}: a restored model predicts and learns on bit for bit as the saved one`, () => {
    const model = taught(fresh());
    const restored = fresh();
    restored.restore(structuredClone(model.save()));
    const rows = examples(model, 40, 77);
    for (let step = 0; step < 5; step++) {
      expect(digest(restored)).toBe(digest(model));
      expect(restored.step).toBe(model.step);
      expect(predictAll(restored, rows)).toEqual(predictAll(model, rows));
      for (const each of [model, restored]) each.learn(examples(each, 8, 900 + step));
    }
  });

  test(`${name}: a saved state does not change when learning goes on`, () => {
    const model = taught(fresh());
    const saved = model.save();
    const before = weightsDigest(saved);
    taught(model, 3, 60);
    expect(weightsDigest(saved)).toBe(before);
  });

  test(`${name}: bad rows are refused and change nothing`, () => {
    const model = taught(fresh());
    const before = digest(model);
    const good = examples(model, 8, 5);
    const spoiled = (value: number): LabelledRows => ({ ...good, features: good.features.map((x, i) => (i === 8 * model.width - 1 ? value : x)) });
    const bad: [string, string, LabelledRows][] = [
      ['NaN', 'NOT_FINITE', spoiled(Number.NaN)],
      ['infinity', 'NOT_FINITE', spoiled(Number.POSITIVE_INFINITY)],
      ['-infinity', 'NOT_FINITE', spoiled(Number.NEGATIVE_INFINITY)],
      ['a label of no class', 'SHAPE_MISMATCH', { ...good, labels: good.labels.map((label, i) => (i === 7 ? model.classes : label)) }],
      ['no rows', 'SHAPE_MISMATCH', { ...good, length: 0 }],
      ['features too short', 'SHAPE_MISMATCH', { ...good, features: good.features.subarray(1) }],
      ['labels too short', 'SHAPE_MISMATCH', { ...good, labels: good.labels.subarray(1) }],
      ['instruments too short', 'SHAPE_MISMATCH', { ...good, instruments: good.instruments.subarray(1) }],
      ['predictions too short', 'SHAPE_MISMATCH', { ...good, predicted: good.predicted.subarray(1) }],
    ];
    for (const [what, code, rows] of bad) {
      expect([what, codeOf(() => { model.learn(rows); })]).toEqual([what, code]);
      expect([what, digest(model), model.step]).toEqual([what, before, 20]);
    }
  });

  const expectProbabilities = (p: Float64Array): void => {
    for (let row = 0; row * shape.classes < p.length; row++) {
      const own = Array.from(p.subarray(row * shape.classes, (row + 1) * shape.classes));
      for (const value of own) expect(value).toBeGreaterThanOrEqual(MIN_PROBABILITY);
      expect(Math.abs(own.reduce((sum, value) => sum + value, 0) - 1)).toBeLessThan(2e-12);
    }
  };

  test(`${name}: probabilities are finite, at least ${MIN_PROBABILITY} and sum to 1, before and after learning`, () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(40), (seed, steps) => {
        const model = taught(fresh(), steps, seed);
        expectProbabilities(predictAll(model, examples(model, 20, seed + 1)));
      }),
    );
  });

  test(`${name}: hostile features stay finite, as do the weights learned from them`, () => {
    const model = fresh();
    const wild = examples(model, 8, 3);
    const features = wild.features.map((x, i) => [1e30, -1e30, 3.4e38, -3.4e38, 1e-45, 0][i % 6]! * Math.sign(x || 1));
    for (let step = 0; step < 200; step++) model.learn({ ...wild, features });
    expectProbabilities(predictRows(model, features, wild.instruments));
    expectProbabilities(predictAll(model, wild));
  });

  test(`${name}: one row and many rows give the same numbers, wherever they lie`, () => {
    const model = taught(fresh());
    const rows = examples(model, 33, 4);
    const many = predictAll(model, rows);
    const out = new Float64Array(model.classes + 3).fill(-7);
    for (let i = 0; i < rows.length; i++) {
      const padded = new Float32Array(model.width + 2);
      padded.set(rows.features.subarray(i * model.width, (i + 1) * model.width), 1);
      model.predictRow(padded, 1, rows.instruments[i]!, out, 2);
      expect(Array.from(out)).toEqual([-7, -7, ...many.subarray(i * model.classes, (i + 1) * model.classes), -7]);
    }
  });

  test(`${name}: an unknown instrument is predicted too`, () => {
    const model = taught(fresh());
    for (const id of [-1, 63, 64, 1_000_000]) expectProbabilities(predictRows(model, new Float32Array(model.width), Int32Array.of(id)));
  });

  test(`${name}: a state of another kind, shape or with parts missing is SNAPSHOT_CORRUPT and changes nothing`, () => {
    const model = taught(fresh());
    const before = digest(model);
    const own = model.save();
    const foreign: [string, SnapshotSection][] = [
      ['another kind', { ...own, document: JSON.stringify({ ...(JSON.parse(own.document) as object), kind: 'oracle' }) }],
      ['other classes', make({ ...shape, classes: shape.classes + 1 }).save()],
      ['no tensors', { ...own, tensors: [] }],
      ['no JSON', { ...own, document: '{' }],
      ['null', { ...own, document: 'null' }],
      ['an empty document', section({}, {})],
      ['cut bytes', { ...own, tensors: own.tensors.map((tensor) => ({ ...tensor, data: tensor.data.subarray(1) })) }],
      ['another dtype', { ...own, tensors: own.tensors.map((tensor) => ({ ...tensor, dtype: 'int32' })) }],
    ];
    for (const [what, state] of foreign) {
      // One byte less of a byte tensor is still a tensor.
      if (what === 'cut bytes' && own.tensors.every(({ dtype }) => dtype === 'uint8')) continue;
      expect([what, codeOf(() => { model.restore(state); })]).toEqual([what, 'SNAPSHOT_CORRUPT']);
      expect([what, digest(model)]).toEqual([what, before]);
    }
  });
}
