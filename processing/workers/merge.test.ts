import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { Merge, type MergeRecord } from './merge.ts';

type Row = { log: number; id: number; time: number };

/** The merge by definition: running maxima, then a stable sort by (time, log). */
function reference(logs: readonly number[][]): Row[] {
  return logs
    .flatMap((times, log) => {
      let clock = 0;
      return times.map((time, id) => ({ log, id, time: (clock = Math.max(clock, time)) }));
    })
    .sort((a, b) => a.time - b.time || a.log - b.log || a.id - b.id);
}

function recordOf(rows: readonly { id: number; time: number }[], offset: number): MergeRecord<readonly { id: number; time: number }[]> {
  return { offset, next: offset + 1, rows: rows.length, time: (i) => rows[i]!.time, value: rows };
}

const logs = fc.tuple(fc.array(fc.nat(40), { maxLength: 30 }), fc.array(fc.nat(40), { maxLength: 30 }));
const END = 1_000;

test('the merged sequence is that of the definition, however records are cut and pushed', () => {
  fc.assert(
    fc.property(logs, fc.infiniteStream(fc.nat(5)), (times, choices) => {
      const sizes = choices[Symbol.iterator]();
      const pick = (): number => sizes.next().value as number;
      // Every log ends with a watermark far in the future, so that everything is released.
      const full = times.map((log) => [...log, END]);
      const merge = new Merge<readonly { id: number; time: number }[]>(full.map(() => ({ offset: 0, row: 0, clock: 0 })));
      const at = [0, 0];
      const offsets = [0, 0];
      const out: Row[] = [];
      const release = (log: number, rows: readonly { id: number; time: number }[], row: number): void => {
        if (rows[row]!.time < END) out.push({ log, id: rows[row]!.id, time: 0 });
      };
      while (at.some((position, log) => position < full[log]!.length)) {
        const log = pick() % 2;
        const size = pick();
        const rows = full[log]!.slice(at[log], at[log]! + size).map((time, i) => ({ id: at[log]! + i, time }));
        at[log] = at[log]! + rows.length;
        merge.push(log, recordOf(rows, offsets[log]!));
        offsets[log] = offsets[log]! + 1;
        merge.drain(pick() + 1, release);
      }
      merge.drain(10_000, release);
      expect(out.map(({ log, id }) => [log, id])).toEqual(reference(times).map(({ log, id }) => [log, id]));
    }),
  );
});

test('a silent log holds rows back until its watermark passes them', () => {
  const merge = new Merge<readonly { id: number; time: number }[]>([
    { offset: 0, row: 0, clock: 0 },
    { offset: 0, row: 0, clock: 0 },
  ]);
  const seen: string[] = [];
  const drain = (): number => merge.drain(100, (log, rows, row) => seen.push(`${log}@${rows[row]!.time}`));
  merge.push(0, recordOf([{ id: 0, time: 5 }, { id: 1, time: 9 }], 0));
  expect(drain()).toBe(0);
  merge.push(1, recordOf([{ id: 0, time: 5 }], 0));
  // Log 0 is known to go on at 9, so the row at 5 of log 1 is free; what follows it is not known yet.
  expect(drain()).toBe(2);
  expect(seen).toEqual(['0@5', '1@5']);
  expect(merge.buffered(0)).toBe(1);
  merge.push(1, recordOf([{ id: 1, time: 9 }], 1));
  drain();
  expect(seen).toEqual(['0@5', '1@5', '0@9']);
  expect(merge.position(0)).toEqual({ offset: 1, row: 0, clock: 9 });
  expect(merge.position(1)).toEqual({ offset: 1, row: 0, clock: 5 });
});

test('a watermark is never held back, though another log stands at the same time', () => {
  const merge = new Merge<null>([
    { offset: 0, row: 0, clock: 7 },
    { offset: 0, row: 0, clock: 0 },
  ]);
  merge.push(1, { offset: 0, next: 1, rows: 1, time: () => 7, mark: () => true, value: null });
  expect(merge.position(1)).toEqual({ offset: 1, row: 0, clock: 7 });
  expect(merge.drain(10, () => undefined)).toBe(0);
});

test('a merge that goes on from its positions gives the rest of the same sequence', () => {
  fc.assert(
    fc.property(logs, fc.nat(40), (times, stop) => {
      const full = times.map((log) => [...log, END].map((time, id) => ({ id, time })));
      const run = (positions: readonly { offset: number; row: number; clock: number }[], limit: number) => {
        const merge = new Merge<readonly { id: number; time: number }[]>(positions);
        // Records of three rows, from the record at each position on.
        full.forEach((rows, log) => {
          for (let offset = positions[log]!.offset; offset * 3 < rows.length; offset++) {
            merge.push(log, recordOf(rows.slice(offset * 3, offset * 3 + 3), offset));
          }
        });
        const out: string[] = [];
        merge.drain(limit, (log, rows, row) => out.push(`${log}/${rows[row]!.id}`));
        return { out, positions: [merge.position(0), merge.position(1)] };
      };
      const start = [0, 1].map(() => ({ offset: 0, row: 0, clock: 0 }));
      const whole = run(start, 1_000).out;
      const first = run(start, stop);
      expect([...first.out, ...run(first.positions, 1_000).out]).toEqual(whole);
    }),
  );
});

test('a repeat is passed as soon as it is the next of its log, told after the rows before it', () => {
  const merge = new Merge<readonly number[]>([
    { offset: 0, row: 0, clock: 0 },
    { offset: 0, row: 0, clock: 0 },
  ]);
  const released: number[] = [];
  const known = new Set<number>();
  const record = (offset: number, ids: readonly number[]): MergeRecord<readonly number[]> => ({
    offset,
    next: offset + 1,
    rows: ids.length,
    time: (row) => ids[row]!,
    mark: (row) => known.has(ids[row]!),
    value: ids,
  });
  const drain = (): number => merge.drain(100, (_, ids, row) => { released.push(ids[row]!); known.add(ids[row]!); });
  merge.push(0, record(0, [10, 11]));
  merge.push(0, record(1, [10, 11]));
  drain();
  expect(released).toEqual([]);
  merge.push(1, record(0, [50]));
  drain();
  expect(released).toEqual([10, 11]);
  // Nothing waits, though the other log has not gone on.
  expect(merge.buffered(0)).toBe(0);
  expect(merge.position(0)).toEqual({ offset: 2, row: 0, clock: 11 });
});
