import { expect, test } from '@jest/globals';

import { compareLosses, gaussian, seededRandom, summarizeClassifier, summarizeRegressor, type ClassifiedRows } from '#models';

import { blockRows, bootstrapIntervals } from './bootstrap.ts';

test('blocks are about the square root of the rows, twice the delay at least, and never more than there are', () => {
  expect([blockRows(10_000, 0), blockRows(10_000, 300), blockRows(50, 300), blockRows(1, 0)]).toEqual([100, 600, 50, 1]);
});

test('the block bootstrap covers the mean of autocorrelated rows most of the time, where single rows do not', () => {
  const [runs, length, phi] = [40, 400, 0.8];
  const covered = { blocks: 0, single: 0 };
  for (let run = 0; run < runs; run++) {
    const normal = gaussian(seededRandom(1000 + run));
    const values = new Float64Array(length);
    for (let i = 1; i < length; i++) values[i] = phi * values[i - 1]! + normal();
    const mean = (weights: Uint32Array): { mean: number } => ({ mean: values.reduce((sum, value, i) => sum + value * weights[i]!, 0) / length });
    for (const [name, block] of [['blocks', blockRows(length, 0)], ['single', 1]] as const) {
      const { low, high } = bootstrapIntervals(length, block, mean, run)!.mean;
      if (low <= 0 && high >= 0) covered[name] += 1;
    }
  }
  expect(covered.blocks).toBeGreaterThan(0.75 * runs);
  expect(covered.single).toBeLessThan(0.7 * runs);
});

/** A coin that a model knows to fall on 1 seven times in ten. */
function coin(length: number): ClassifiedRows {
  const random = seededRandom(5);
  return { classes: 2, length, probabilities: Float64Array.from({ length: 2 * length }, (_, k) => (k % 2 === 1 ? 0.7 : 0.3)), labels: Uint8Array.from({ length }, () => (random() < 0.7 ? 1 : 0)) };
}

test('windows are of the rows they say, and add up to the whole', () => {
  const rows = coin(1050);
  const { windows, scores, losses } = summarizeClassifier(rows, { window: 100, delay: 0 });
  expect(windows.map(({ from, to }) => [from, to]).at(-1)).toEqual([1000, 1050]);
  expect(windows).toHaveLength(11);
  const mean = windows.reduce((sum, { from, to, scores: own }) => sum + own.logLoss * (to - from), 0) / 1050;
  expect(mean).toBeCloseTo(scores.logLoss.value, 12);
  expect(losses).toHaveLength(1050);
  for (const { value, low, high } of [scores.accuracy, scores.logLoss, scores.brier, scores.balancedAccuracy]) {
    expect(low).toBeLessThanOrEqual(value);
    expect(high).toBeGreaterThanOrEqual(value);
  }
});

test('spare rows of the arrays do not count, and one row has no interval', () => {
  const rows = coin(200);
  const spare = { ...rows, probabilities: Float64Array.from([...rows.probabilities, 0.1, 0.9]), labels: Uint8Array.from([...rows.labels, 1]) };
  expect(summarizeClassifier(spare, { window: 50, delay: 0 }).scores).toEqual(summarizeClassifier(rows, { window: 50, delay: 0 }).scores);
  expect(Number.isNaN(summarizeClassifier(coin(1), { window: 50, delay: 0 }).scores.accuracy.low)).toBe(true);
});

test('a model that errs by less has a difference below 0', () => {
  const targets = Float64Array.from({ length: 400 }, (_, i) => Math.sin(i));
  const near = summarizeRegressor({ length: 400, targets, predictions: targets.map((y, i) => y + 0.1 * Math.cos(3 * i)) }, { window: 100, delay: 0 });
  const far = summarizeRegressor({ length: 400, targets, predictions: targets.map(() => 0) }, { window: 100, delay: 0 });
  expect(compareLosses(near.losses, far.losses, 0).high).toBeLessThan(0);
  expect(near.scores.rmse.low).toBeLessThan(near.scores.rmse.value);
  expect(near.scores.r2.value).toBeGreaterThan(0.98);
});
