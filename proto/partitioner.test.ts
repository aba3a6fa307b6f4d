import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { murmur2, partitionOf } from '#proto';

// org.apache.kafka.common.utils.UtilsTest#testMurmur2
const VECTORS: [string, number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];
test.each(VECTORS)('murmur2 of %j is that of the Java client', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash);
});

test('a key lies in (hash & 0x7fffffff) mod partitions, as text and as bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 1000 }), (key, partitions) => {
      const expected = (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
      expect(partitionOf(key, partitions)).toBe(expected);
      expect(partitionOf(Buffer.from(key), partitions)).toBe(expected);
    }),
  );
});

test('instruments spread over all partitions', () => {
  const used = new Set(Array.from({ length: 1000 }, (_, i) => partitionOf(`binance:COIN${i}-USDT`, 24)));
  expect(used.size).toBe(24);
});
