import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { FrameCounter } from './counter.ts';
import { Ranges } from './ranges.ts';
import { Newest, RecentTexts, Rising } from './repeats.ts';
import { Sequence } from './sequence.ts';

test('whatever the order and the repeats, each number is new once, and what never came is missing', () => {
  const arrivals = fc.array(fc.integer({ min: 11, max: 60 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(arrivals, (numbers) => {
      const sequence = Sequence.after(10);
      const accepted = numbers.filter((number) => sequence.accept(number));
      const distinct = new Set(numbers);
      expect(accepted).toHaveLength(distinct.size);
      expect(new Set(accepted)).toEqual(distinct);
      expect(sequence.last).toBe(Math.max(...numbers));
      const missing = sequence.missing.list().flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
      expect(missing).toEqual(Array.from({ length: sequence.last - 10 }, (_, i) => 11 + i).filter((number) => !distinct.has(number)));
    }),
  );
});

test('a sequence survives JSON, and what was given up is not new any more', () => {
  const sequence = Sequence.after(0);
  for (const number of [1, 2, 6, 9]) sequence.accept(number);
  const copy = Sequence.from(JSON.parse(JSON.stringify(sequence)) as { last: number; missing: [number, number][] });
  expect(copy.toJSON()).toEqual({ last: 9, missing: [[3, 5], [7, 8]] });
  expect(copy.giveUp(7)).toEqual([[3, 5], [7, 7]]);
  expect(copy.missing.list()).toEqual([[8, 8]]);
  expect([copy.accept(4), copy.accept(8), copy.accept(8)]).toEqual([false, true, false]);
});

test('a heartbeat that names a number makes it and those before it missing', () => {
  const sequence = Sequence.after(5);
  sequence.expect(8);
  sequence.expect(7);
  expect(sequence.toJSON()).toEqual({ last: 8, missing: [[6, 8]] });
});

test('too many ranges: the oldest are given up', () => {
  const sequence = Sequence.after(0);
  for (let number = 2; number <= 4000; number += 2) sequence.accept(number);
  expect(sequence.trim()).toHaveLength(1000);
  expect(sequence.missing.list()[0]).toEqual([2001, 2001]);
});

test('ranges are those of a set of numbers', () => {
  const steps = fc.array(fc.record({ add: fc.boolean(), value: fc.integer({ min: 0, max: 30 }) }), { maxLength: 100 });
  fc.assert(
    fc.property(steps, (list) => {
      const ranges = new Ranges();
      const set = new Set<number>();
      for (const { add, value } of list) {
        if (add) ranges.add(value);
        else expect(ranges.remove(value)).toBe(set.has(value));
        if (add) set.add(value);
        else set.delete(value);
      }
      expect(ranges.count).toBe(set.size);
      expect(ranges.empty).toBe(set.size === 0);
      for (let value = 0; value <= 30; value++) expect(ranges.has(value)).toBe(set.has(value));
      const borders = ranges.list().flat();
      expect(borders).toEqual([...borders].sort((a, b) => a - b));
      ranges.list().forEach(([first], i, all) => { if (i > 0) expect(first).toBeGreaterThan(all[i - 1]![1] + 1); });
    }),
  );
});

test('a number that only rises, texts seen lately, frames of a connection', () => {
  const rising = new Rising();
  expect([5, 5, 4, 7].map((value) => rising.accept('a', value))).toEqual([true, false, false, true]);
  expect(rising.accept('b', 1)).toBe(true);
  rising.forget('a');
  expect(rising.accept('a', 1)).toBe(true);

  const texts = new RecentTexts(2);
  // The newest two at least, and at most two before them.
  expect(['x', 'y', 'x', 'z', 'x', 'w', 'v', 'z', 'x', 'y'].map((text) => texts.accept(text))).toEqual([true, true, false, true, false, true, true, false, true, true]);
  expect(texts.list()).toEqual(['x', 'y']);

  const counter = new FrameCounter();
  expect([0, 1, 4, 3, 5].map((value) => counter.accept(value))).toEqual([null, null, { first: 2, last: 3 }, null, null]);
});

test('by a time that may stand still: older is old, and at the same time the same is a repeat', () => {
  const newest = new Newest<string>((a, b) => a === b);
  expect([[5, 'a'], [5, 'a'], [5, 'b'], [5, 'a'], [4, 'c'], [6, 'a']].map(([time, value]) => newest.accept('k', time as number, value as string))).toEqual([true, false, true, false, false, true]);
  expect([newest.says('k', 'a'), newest.says('k', 'b'), newest.says('other', 'a')]).toEqual([true, false, false]);
  newest.forget('k');
  expect(newest.accept('k', 1, 'a')).toBe(true);
});
