import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { int64Words, readInt64, writeInt64 } from '#proto';

const safe = fc.oneof(
  fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
  fc.constantFrom(0, -1, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), -(2 ** 32) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
);

test('every safe integer is written as the int64 that BigInt makes of it, and read back', () => {
  fc.assert(
    fc.property(fc.array(safe, { minLength: 1 }), (values) => {
      const column = new BigInt64Array(values.length);
      const words = int64Words(column);
      values.forEach((value, i) => { writeInt64(words, i, value); });
      expect(Array.from(column)).toEqual(values.map(BigInt));
      expect(values.map((_, i) => readInt64(words, i))).toEqual(values);
    }),
  );
});

test('the words are a view: a column in the middle of a buffer keeps its place', () => {
  const whole = BigInt64Array.of(1n, 2n, -3n, 4n);
  expect(readInt64(int64Words(whole.subarray(2, 3)), 0)).toBe(-3);
});
