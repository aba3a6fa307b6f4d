import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BlockReader, NO_HEADERS, decodeHeader } from './block.ts';
import { BlockEncoder, headerBytes, type StoredRecord } from './block-encoder.ts';
import { encodeHole } from './hole.ts';

const bytes = fc.option(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 250, maxLength: 600 })));
const sets = [NO_HEADERS, { a: '1' }, { 'content-type': 'application/json', schema: 'Tick/1' }, { a: '2', '': 'ü€😀' }];
const headers = fc.oneof(
  fc.constantFrom(...sets),
  fc.constantFrom(...sets).map((set) => (set === NO_HEADERS ? set : { ...set })),
  fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), { minKeys: 1 }),
);
const record: fc.Arbitrary<StoredRecord> = fc
  .record({ key: bytes, value: bytes, headers, timestamp: fc.maxSafeNat() })
  .map((given) => ({ ...given, headerBytes: headerBytes(given.headers) }));
const records = fc.array(record, { minLength: 1, maxLength: 30 });

const encoder = new BlockEncoder();
const encode = (given: readonly StoredRecord[], base: number, timeBefore: number): Buffer =>
  Buffer.from(encoder.encode(given, base, timeBefore));

test('a block gives back the records that went in', () => {
  fc.assert(
    fc.property(records, fc.maxSafeNat(), fc.maxSafeNat(), (given, base, timeBefore) => {
      const reader = new BlockReader(encode(given, base, timeBefore), 't', 3);
      const times = given.map(({ timestamp }) => timestamp);
      expect(reader.header).toEqual({
        base,
        count: given.length,
        lost: false,
        minTime: Math.min(...times),
        maxTime: Math.max(...times),
        timeSoFar: Math.max(timeBefore, ...times),
      });
      for (const [i, { key, value, headers: set, timestamp }] of given.entries()) {
        expect(reader.done).toBe(false);
        const taken = reader.next();
        expect(taken).toMatchObject({ topic: 't', partition: 3, offset: base + i, timestamp });
        expect([taken.key, taken.value, taken.headers]).toEqual([key, value, set]);
      }
      expect(reader.done).toBe(true);
    }),
  );
});

test('a block with any one octet changed, or cut short, is DATA_CORRUPT', () => {
  fc.assert(
    fc.property(records, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, place, change) => {
      const block = encode(given, 0, 0);
      const cut = Buffer.from(block.subarray(0, place % block.length));
      block[place % block.length]! ^= change;
      expect(() => decodeHeader(block)).toThrow(expect.objectContaining({ code: 'DATA_CORRUPT' }));
      expect(() => decodeHeader(cut)).toThrow(expect.objectContaining({ code: 'DATA_CORRUPT' }));
    }),
  );
});

test('equal header sets are stored once and decoded once', () => {
  const set = { schema: 'Tick/1' };
  const make = (given: typeof set): StoredRecord => ({ key: null, value: null, headers: given, headerBytes: headerBytes(given), timestamp: 0 });
  const block = encode([make(set), make({ ...set }), make(set)], 0, 0);
  expect(block.toString('latin1').split('Tick/1')).toHaveLength(2);
  const reader = new BlockReader(block, 't', 0);
  const [first, second, third] = [reader.next(), reader.next(), reader.next()];
  expect(second.headers).toBe(first.headers);
  expect(third.headers).toBe(first.headers);
  expect(Object.isFrozen(first.headers)).toBe(true);
});

test('values of 256 bytes and more begin at a multiple of eight', () => {
  const value = new Uint8Array(256);
  const make = (key: string): StoredRecord => ({ key: Buffer.from(key), value, headers: NO_HEADERS, headerBytes: 0, timestamp: 0 });
  const block = encode(['', 'a', 'ab', 'abc'].map(make), 0, 0);
  const whole = Buffer.allocUnsafeSlow(block.length);
  block.copy(whole);
  const reader = new BlockReader(whole, 't', 0);
  while (!reader.done) expect(reader.next().value!.byteOffset % 8).toBe(0);
});

test('a hole has no records, and reading goes on behind it', () => {
  const reader = new BlockReader(encodeHole(7, 5, 300), 't', 0);
  expect(reader.header).toEqual({ base: 7, count: 5, minTime: 0, maxTime: 0, timeSoFar: 300, lost: true });
  expect([reader.done, reader.offset]).toEqual([true, 12]);
});
