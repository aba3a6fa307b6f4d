import { expect, test } from '@jest/globals';

import { BlockMeans, tQuantile975 } from '#models';

import { gaussian, random } from './testing/examples.ts';

// Two-sided 95 % points of Student's t, from standard tables.
test.each([[1, 12.706], [2, 4.303], [10, 2.228], [30, 2.042], [40, 2.021], [60, 2.0], [120, 1.98], [1e9, 1.96]])(
  'the 97.5 %% quantile of t with %d degrees of freedom is %d',
  (degrees, quantile) => {
    expect(Math.abs(tQuantile975(degrees) - quantile)).toBeLessThan(6e-4);
  },
);

test('with fewer than two blocks nothing is known', () => {
  const means = new BlockMeans(10);
  expect(means.interval()).toEqual({ mean: 0, low: -Infinity, high: Infinity, count: 0, blocks: 0 });
  means.add(3, 2);
  means.add(9, 4);
  expect(means.interval()).toEqual({ mean: 3, low: -Infinity, high: Infinity, count: 2, blocks: 1 });
});

test('with equal blocks it is the t interval of the block means, in whatever order they come', () => {
  const values = [1, 3, 2, 6, 0, 4, 5, 5];
  const [forward, backward] = [new BlockMeans(2), new BlockMeans(2)];
  values.forEach((value, i) => { forward.add(i, value); });
  for (const [i, value] of [...values.entries()].reverse()) backward.add(i, value);
  const blocks = [2, 4, 2, 5];
  const mean = 13 / 4;
  const error = Math.sqrt(blocks.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 3 / 4);
  const { low, high } = forward.interval();
  expect(low).toBeCloseTo(mean - 3.182 * error, 12);
  expect(high).toBeCloseTo(mean + 3.182 * error, 12);
  expect(backward.interval().low).toBeCloseTo(low, 12);
});

test('on autocorrelated losses it covers the true mean about 95 % of the time; an interval that takes them for independent does not', () => {
  const runs = 400;
  const length = 4000;
  const phi = 0.9;
  const normal = gaussian(random(20_250_325));
  const truth = 0.5;
  let covered = 0;
  let naive = 0;
  for (let run = 0; run < runs; run++) {
    const means = new BlockMeans(100);
    let x = normal() / Math.sqrt(1 - phi * phi);
    let sum = 0;
    let squares = 0;
    for (let t = 0; t < length; t++) {
      x = phi * x + normal();
      const value = truth + x;
      sum += value;
      squares += value * value;
      means.add(t, value);
    }
    const { low, high } = means.interval();
    if (low <= truth && truth <= high) covered += 1;
    const mean = sum / length;
    const half = 1.96 * Math.sqrt((squares / length - mean * mean) / length);
    if (Math.abs(mean - truth) <= half) naive += 1;
  }
  expect(covered / runs).toBeGreaterThan(0.915);
  expect(covered / runs).toBeLessThan(0.985);
  expect(naive / runs).toBeLessThan(0.6);
});
