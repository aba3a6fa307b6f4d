import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { plainRecord, toWire } from '../testing/arbitraries.ts';
import { sizeOfRecord } from '../wire/record-batch.ts';
import { Lane, Parcel, parcelsOf, sequenceAfter } from './batch.ts';

const records = fc.array(plainRecord.map(toWire), { maxLength: 60 });

test('records are parcelled in order, none left out, each parcel within the limit unless one record is larger', () => {
  fc.assert(
    fc.property(records, fc.integer({ min: 1, max: 2_000 }), (given, maxBytes) => {
      const parcels = parcelsOf(given, maxBytes, 1_000);
      expect(parcels.flatMap((parcel) => parcel.records)).toEqual(given);
      for (const parcel of parcels) {
        expect(parcel.bytes).toBe(parcel.records.reduce((sum, record) => sum + sizeOfRecord(record), 0));
        expect(parcel.records.length === 1 || parcel.bytes <= maxBytes).toBe(true);
        expect(parcel.records.length).toBeGreaterThan(0);
      }
    }),
  );
});

test('a lane gives parcels in the order they came, as many as fit, at least one', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 30 }), fc.integer({ min: 1, max: 1_000 }), (sizes, maxBytes) => {
      const lane = new Lane('t', 0);
      const parcels = sizes.map((bytes) => new Parcel([], bytes, 1_000));
      lane.waiting.push(...parcels);
      const taken: Parcel[] = [];
      while (lane.waiting.length > 0) {
        const next = lane.take(maxBytes);
        const bytes = next.reduce((sum, parcel) => sum + parcel.bytes, 0);
        expect(next.length).toBeGreaterThan(0);
        expect(next.length === 1 || bytes <= maxBytes).toBe(true);
        // The one after it would not have fitted.
        const after = lane.waiting[0];
        if (after) expect(bytes + after.bytes).toBeGreaterThan(maxBytes);
        taken.push(...next);
      }
      expect(taken).toEqual(parcels);
      expect(lane.take(maxBytes)).toEqual([]);
    }),
  );
});

test('sequence numbers go round at 31 bits, as brokers count', () => {
  expect(sequenceAfter(0, 5)).toBe(5);
  expect(sequenceAfter(0x7fff_ffff, 1)).toBe(0);
  expect(sequenceAfter(0x7fff_fffe, 5)).toBe(3);
});
