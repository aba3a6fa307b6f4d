/** What every online regressor promises, as tests of those names. */
import { expect, test } from '@jest/globals';

import { section, weightsDigest, type Regressor, type TargetRows } from '#models';
import { ForetickError, type SnapshotSection } from '#proto';

import { examples, random } from './examples.ts';

/** Rows whose target is a line of the features, and noise. */
export function targets(width: number, length: number, seed: number): TargetRows {
  const { features } = examples({ width, classes: 2 }, length, seed);
  const noise = random(seed);
  const of = (i: number): number => features.subarray(i * width, (i + 1) * width).reduce((sum, x, j) => sum + (j + 1) * x, 5) + noise();
  return { length, features, targets: Float64Array.from({ length }, (_, i) => of(i)) };
}

const digest = (model: Regressor): string => weightsDigest(model.save());

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof ForetickError) return error.code;
    throw error;
  }
}

export function regressorContract(name: string, width: number, make: (width: number) => Regressor): void {
  const taught = (model: Regressor, steps = 20, seed = 1): Regressor => {
    for (let step = 0; step < steps; step++) model.learn(targets(width, 8, seed + step));
    return model;
  };
  const predict = (model: Regressor, seed: number): number[] => {
    const { features, length } = targets(width, 30, seed);
    return Array.from({ length }, (_, i) => model.predictRow(features, i * width));
  };

  test(`${name}: the same rows give the same bits, other rows another state`, () => {
    expect(digest(taught(make(width)))).toBe(digest(taught(make(width))));
    expect(digest(taught(make(width), 20, 500))).not.toBe(digest(taught(make(width))));
  });

  test(`${name}: predict never learns; learn counts a step and leaves its inputs untouched`, () => {
    const model = taught(make(width));
    const before = digest(model);
    predict(model, 3);
    expect([digest(model), model.step]).toEqual([before, 20]);
    const rows = targets(width, 8, 3);
    const copy = structuredClone({ ...rows });
    model.learn(rows);
    expect([{ ...rows }, model.step]).toEqual([copy, 21]);
  });

  test(`${name}: a restored model predicts and learns on bit for bit as the saved one`, () => {
    const model = taught(make(width));
    const restored = make(width);
    restored.restore(structuredClone(model.save()));
    for (let step = 0; step < 5; step++) {
      expect([digest(restored), restored.step, predict(restored, 7)]).toEqual([digest(model), model.step, predict(model, 7)]);
      for (const each of [model, restored]) each.learn(targets(width, 8, 900 + step));
    }
  });

  test(`${name}: bad rows and foreign states are refused and change nothing`, () => {
    const model = taught(make(width));
    const before = digest(model);
    const good = targets(width, 8, 5);
    const spoiled = (value: number): TargetRows[] => [
      { ...good, features: good.features.map((x, i) => (i === 8 * width - 1 ? value : x)) },
      { ...good, targets: good.targets.map((x, i) => (i === 7 ? value : x)) },
    ];
    const bad: [string, TargetRows][] = [
      ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].flatMap((value) => spoiled(value).map((rows): [string, TargetRows] => ['NOT_FINITE', rows])),
      ['SHAPE_MISMATCH', { ...good, length: 0 }],
      ['SHAPE_MISMATCH', { ...good, features: good.features.subarray(1) }],
      ['SHAPE_MISMATCH', { ...good, targets: good.targets.subarray(1) }],
    ];
    for (const [code, rows] of bad) expect([code, digest(model), model.step]).toEqual([codeOf(() => { model.learn(rows); }), before, 20]);
    const own = model.save();
    const foreign: SnapshotSection[] = [
      { ...own, document: JSON.stringify({ ...(JSON.parse(own.document) as object), kind: 'oracle' }) },
      { ...own, tensors: [] },
      { ...own, document: '{' },
      section({}, {}),
      make(width + 1).save(),
    ];
    for (const state of foreign) expect([codeOf(() => { model.restore(state); }), digest(model)]).toEqual(['SNAPSHOT_CORRUPT', before]);
  });

  test(`${name}: stays finite on hostile features and targets`, () => {
    const model = make(width);
    const wild = targets(width, 8, 3);
    const features = wild.features.map((x, i) => [1e30, -1e30, 3.4e38, -3.4e38, 1e-45, 0][i % 6]! * Math.sign(x || 1));
    for (let step = 0; step < 50; step++) model.learn({ ...wild, features, targets: wild.targets.map((_, i) => [1e300, -1e300, 0][i % 3]!) });
    for (const value of predict(model, 9)) expect(Number.isFinite(value)).toBe(true);
  });
}
