import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { BlockMeans } from '#models';

import { LossSeries, lossDifference, meanOf, rollingWindows } from './losses.ts';

const rows = fc.array(fc.record({ time: fc.integer({ min: 0, max: 1000 }), loss: fc.double({ min: 0, max: 9, noNaN: true }), hit: fc.boolean() }), { minLength: 1, maxLength: 200 });

test('mean and interval are those of batch means over the same blocks, in whatever order rows come', () => {
  fc.assert(
    fc.property(rows, (all) => {
      const means = new BlockMeans(50);
      const series = new LossSeries(50);
      for (const { time, loss } of all) means.add(time, loss);
      for (const { time, loss, hit } of all.toReversed()) series.add(time, loss, hit);
      const [expected, given] = [means.interval(), meanOf(series, 'loss')];
      expect([given.count, given.blocks]).toEqual([expected.count, expected.blocks]);
      expect(given.mean).toBeCloseTo(expected.mean, 9);
      if (expected.blocks > 1) expect(given.high - given.low).toBeCloseTo(expected.high - expected.low, 9);
      expect(series.total().hits).toBe(all.filter(({ hit }) => hit).length);
    }),
  );
});

test('a long series keeps a bounded number of longer blocks, and every row in them', () => {
  const series = new LossSeries(10);
  for (let i = 0; i < 100_000; i++) series.add(i * 10, i % 7, i % 2 === 0);
  const times = series.times();
  expect(times.length).toBeGreaterThan(1000);
  expect(times.length).toBeLessThanOrEqual(2048);
  expect(series.blockUs).toBe(10 * 2 ** Math.ceil(Math.log2(100_000 / 2048)));
  expect(series.total()).toEqual({ loss: Array.from({ length: 100_000 }, (_, i) => i % 7).reduce((a, b) => a + b), hits: 50_000, count: 100_000 });
  expect(times.every((time, i) => i === 0 || time - times[i - 1]! === series.blockUs)).toBe(true);
  expect(series.at(times[3]!).count).toBe(series.blockUs / 10);
});

test('a difference is that of paired rows; other rows are not compared', () => {
  const [own, other] = [new LossSeries(10), new LossSeries(10)];
  [1, 12, 14, 25, 33].forEach((time, i) => {
    own.add(time, 2 + i, true);
    other.add(time, 1.5 + i, false);
  });
  expect(lossDifference(own, other)!.mean).toBeCloseTo(0.5, 12);
  expect(lossDifference(own, other, [10, 20])!.count).toBe(3);
  other.add(33, 1, false);
  expect(lossDifference(own, other)).toBeNull();
  expect(lossDifference(own, new LossSeries(20))).toBeNull();
});

test('windows roll over all blocks, six at least, two hundred pictures at most', () => {
  const blocks = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  expect(rollingWindows(blocks(5))).toEqual([]);
  expect(rollingWindows(blocks(7))).toEqual([blocks(6), blocks(7).slice(1)]);
  const many = rollingWindows(blocks(2048));
  expect(many.length).toBeGreaterThan(100);
  expect(many.length).toBeLessThanOrEqual(201);
  expect(new Set(many.map(({ length }) => length))).toEqual(new Set([171]));
});
