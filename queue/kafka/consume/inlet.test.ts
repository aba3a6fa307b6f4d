import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { QueueRecord } from '../../port.ts';
import { Inlet } from './inlet.ts';

const record = (offset: number, size = 0): QueueRecord => ({ topic: 't', partition: 0, offset, timestamp: 0, key: null, value: Buffer.alloc(size), headers: {} });
const COST = 64;

const step = fc.oneof(
  fc.record({ kind: fc.constant('push' as const), sizes: fc.array(fc.nat({ max: 100 }), { maxLength: 30 }), gap: fc.nat({ max: 3 }), beyond: fc.nat({ max: 3 }) }),
  fc.record({ kind: fc.constant('take' as const), maxRecords: fc.integer({ min: 1, max: 20 }), maxBytes: fc.integer({ min: 1, max: 2_000 }) }),
  fc.record({ kind: fc.constant('move' as const) }),
);

test('what is taken is what was pushed, in order, within the limits, and the place never leaves anything out', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const inlet = new Inlet('t', 0, 0);
      const waiting: QueueRecord[] = [];
      let [position, told] = [0, 0];
      for (const each of steps) {
        if (each.kind === 'push') {
          const records = each.sizes.map((size, i) => record(position + each.gap + i, size));
          if (records.length > 0) position = records.at(-1)!.offset + 1;
          position += each.beyond;
          waiting.push(...records);
          inlet.push(records, position, position + 5);
        } else if (each.kind === 'take') {
          const batch = inlet.take(each.maxRecords, each.maxBytes);
          if (waiting.length === 0) {
            expect(batch).toBeUndefined();
            continue;
          }
          const { records, nextOffset, endOffset } = batch!;
          expect(records).toEqual(waiting.splice(0, records.length));
          expect(records.length).toBeLessThanOrEqual(each.maxRecords);
          const bytes = records.reduce((sum, { value }) => sum + value!.length + COST, 0);
          expect(records.length === 1 || bytes <= each.maxBytes).toBe(true);
          // Whoever goes on from there misses nothing, and sees nothing again.
          expect(nextOffset).toBe(waiting[0]?.offset ?? position);
          expect(endOffset).toBeGreaterThanOrEqual(nextOffset);
          told = records.at(-1)!.offset + 1;
        } else {
          const moved = inlet.takeMove();
          const due = waiting.length === 0 && position > told;
          expect(moved?.nextOffset).toBe(due ? position : undefined);
          if (due) told = position;
        }
        expect(inlet.waiting).toBe(waiting.length);
        expect(inlet.bytes).toBe(waiting.reduce((sum, { value }) => sum + value!.length + COST, 0));
        expect(inlet.taken).toBe(waiting[0]?.offset ?? position);
      }
    }),
  );
});

test('a change of place drops what waits and what went wrong, and makes older answers void', () => {
  const inlet = new Inlet('t', 0, 0);
  inlet.push([record(0), record(1)], 2, 9);
  inlet.failures = 3;
  inlet.retryAt = 1_000;
  const before = inlet.turn;
  inlet.seek(7);
  expect(inlet).toMatchObject({ position: 7, taken: 7, waiting: 0, bytes: 0, failures: 0, retryAt: 0, error: undefined });
  expect(inlet.turn).not.toBe(before);
  expect(inlet.take(10, 10)).toBeUndefined();
  expect(inlet.takeMove()).toBeUndefined();
});

test('many records are taken a few at a time without being held once they are gone', () => {
  const inlet = new Inlet('t', 0, 0);
  inlet.push(Array.from({ length: 20_000 }, (_, i) => record(i)), 20_000, 20_000);
  const offsets: number[] = [];
  for (let batch = inlet.take(700, Infinity); batch; batch = inlet.take(700, Infinity)) offsets.push(...batch.records.map(({ offset }) => offset));
  expect(offsets).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
});
