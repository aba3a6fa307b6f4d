import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { RisingIds } from './ids.ts';

test('whatever the order, each id above the first is new once, as long as it is not too late', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 200 }), (ids) => {
      const seen = new RisingIds(20);
      const accepted = ids.filter((id) => seen.accept(id));
      expect(accepted.sort((a, b) => a - b)).toEqual([...new Set(ids.filter((id) => id > 20))].sort((a, b) => a - b));
      expect(seen.last).toBe(Math.max(20, ...ids));
    }),
  );
});

test('it remembers so many, and what lies before them counts as seen', () => {
  const seen = new RisingIds(0, 3);
  expect([10, 20, 30, 40].map((id) => seen.accept(id))).toEqual([true, true, true, true]);
  expect([5, 10, 15, 25, 25].map((id) => seen.accept(id))).toEqual([false, false, true, true, false]);
});
