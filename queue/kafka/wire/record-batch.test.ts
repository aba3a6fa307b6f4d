import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { QueueRecord } from '../../port.ts';
import { codecNumber, hex, plainRecord, plainRecords, toWire, type PlainRecord } from '../testing/arbitraries.ts';
import { LogModel, sealed } from '../testing/log.ts';
import { prepareCodecs } from './compression.ts';
import { decodeRecordSet, encodeBatch, sizeOfRecord, type WireRecord } from './record-batch.ts';

beforeAll(prepareCodecs);

const PLACE = { topic: 't', partition: 3, from: 0 };
const IDENTITY = { producerId: 7n, producerEpoch: 2, sequence: 41, transactional: false };
const seen = ({ topic, partition, offset, key, value, headers, timestamp }: QueueRecord): object => ({ topic, partition, offset, key: hex(key), value: hex(value), headers, timestamp });
const wanted = ({ key, value, headers, timestamp }: PlainRecord, offset: number): object => ({ topic: 't', partition: 3, offset, key: hex(key), value: hex(value), headers, timestamp });

test('records come back as they were given, with every codec', () => {
  fc.assert(
    fc.property(plainRecords, codecNumber, (given, codec) => {
      const batch = encodeBatch(given.map(toWire), IDENTITY, codec);
      const { records, nextOffset } = decodeRecordSet(batch, PLACE, []);
      expect(records.map(seen)).toEqual(given.map(wanted));
      expect(nextOffset).toBe(given.length);
    }),
  );
});

test('the size of a record is never more than was foretold', () => {
  fc.assert(
    fc.property(plainRecord, (given) => {
      const wire = toWire(given);
      expect(encodeBatch([wire], IDENTITY, 0).length - 61).toBeLessThanOrEqual(sizeOfRecord(wire));
    }),
  );
});

test('reading that begins inside a batch leaves out what is before', () => {
  fc.assert(
    fc.property(plainRecords, codecNumber, fc.nat({ max: 50 }), (given, codec, from) => {
      const { records, nextOffset } = decodeRecordSet(encodeBatch(given.map(toWire), IDENTITY, codec), { ...PLACE, from }, []);
      expect(records.map(({ offset }) => offset)).toEqual(given.map((_, i) => i).slice(from));
      expect(nextOffset).toBe(Math.max(from, given.length));
    }),
  );
});

test('a set that is cut off gives its whole batches, and the rest is read next', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(plainRecords, codecNumber), { minLength: 1, maxLength: 4 }), fc.double({ min: 0, max: 1, noNaN: true }), (batches, where) => {
      const log = new LogModel();
      for (const [records, codec] of batches) log.append(records.map(toWire), codec);
      const { set } = log.fetch(0);
      // Never within the first, which is sent whole.
      const whole = 12 + set.readInt32BE(8);
      const cut = whole + Math.floor(where * (set.length - whole));
      const first = decodeRecordSet(set.subarray(0, cut), PLACE, []);
      const rest = decodeRecordSet(log.fetch(first.nextOffset).set, { ...PLACE, from: first.nextOffset }, []);
      const all = batches.flatMap(([records]) => records);
      expect([...first.records, ...rest.records].map(seen)).toEqual(all.map(wanted));
      expect(rest.nextOffset).toBe(all.length);
    }),
  );
});

test('a bit that is turned anywhere under the checksum is found', () => {
  fc.assert(
    fc.property(plainRecords, codecNumber, fc.nat(), (given, codec, bit) => {
      const batch = encodeBatch(given.map(toWire), IDENTITY, codec);
      const at = 17 + (Math.floor(bit / 8) % (batch.length - 17));
      batch[at]! ^= 1 << (bit % 8);
      expect(() => decodeRecordSet(batch, PLACE, [])).toThrow(expect.objectContaining({ code: 'DATA_CORRUPT' }));
    }),
  );
});

test('a length that cannot be is found: too small, negative, or larger than what was sent of the first batch', () => {
  const batch = encodeBatch([toWire({ key: null, value: Buffer.from('abc'), headers: {}, timestamp: 0 })], IDENTITY, 0);
  for (const length of [-1, 0, 3, 48, batch.length - 11, 0x7fff_ffff, -0x8000_0000]) {
    const spoilt = Buffer.from(batch);
    spoilt.writeInt32BE(length, 8);
    // Behind a good one, too, where it is too small to be one that is cut off.
    for (const set of length > batch.length - 12 ? [spoilt] : [spoilt, Buffer.concat([batch, spoilt])]) {
      expect(() => decodeRecordSet(set, PLACE, [])).toThrow(expect.objectContaining({ code: 'DATA_CORRUPT' }));
    }
  }
  expect(() => decodeRecordSet(batch.subarray(0, 40), PLACE, [])).toThrow(expect.objectContaining({ code: 'DATA_CORRUPT' }));
});

test('batches of an older format are refused with a code', () => {
  const batch = encodeBatch([toWire({ key: null, value: null, headers: {}, timestamp: 0 })], IDENTITY, 0);
  batch.writeInt8(1, 16);
  expect(() => decodeRecordSet(batch, PLACE, [])).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_SCHEMA' }));
});

test('where the broker keeps its own time, that counts', () => {
  const batch = encodeBatch([5, 9, 7].map((timestamp) => toWire({ key: null, value: null, headers: {}, timestamp })), IDENTITY, 0);
  batch.writeInt16BE(batch.readInt16BE(21) | 8, 21);
  batch.writeBigInt64BE(1_234n, 35);
  expect(decodeRecordSet(sealed(batch), PLACE, []).records.map(({ timestamp }) => timestamp)).toEqual([1_234, 1_234, 1_234]);
});

/** One step of producers that write into one log at once. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('write' as const), producer: fc.nat({ max: 3 }), count: fc.integer({ min: 1, max: 4 }), codec: codecNumber }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), producer: fc.integer({ min: 1, max: 3 }), commit: fc.boolean() }) },
);

test('of transactions under way at once, exactly the committed records are seen, from wherever one reads', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), fc.double({ min: 0, max: 1, noNaN: true }), (steps, where) => {
      const log = new LogModel();
      const owner: number[] = [];
      const dropped = new Set<number>();
      for (const each of steps) {
        const id = BigInt(each.producer);
        if (each.kind === 'write') {
          const records = Array.from({ length: each.count }, (_, i): WireRecord => toWire({ key: null, value: Buffer.from([i]), headers: {}, timestamp: i }));
          // Producer 0 has no transactions.
          const base = log.append(records, each.codec, each.producer === 0 ? undefined : id);
          for (let i = 0; i < each.count; i++) owner[base + i] = each.producer;
          continue;
        }
        const marker = log.end;
        const first = log.endTransaction(id, each.commit);
        if (first === undefined) continue;
        dropped.add(marker);
        if (!each.commit) for (let offset = first; offset < marker; offset++) if (owner[offset] === each.producer) dropped.add(offset);
      }
      const from = Math.floor(where * log.lastStableOffset);
      const { set, aborted } = log.fetch(from);
      const { records, nextOffset } = decodeRecordSet(set, { ...PLACE, from }, aborted);
      const expected = Array.from({ length: log.lastStableOffset }, (_, offset) => offset).filter((offset) => offset >= from && !dropped.has(offset));
      expect(records.map(({ offset }) => offset)).toEqual(expected);
      // The place is past what was taken back, and past the marks.
      expect(nextOffset).toBe(Math.max(from, log.lastStableOffset));
    }),
    { numRuns: 300 },
  );
});
