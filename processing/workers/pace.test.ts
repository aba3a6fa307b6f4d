import { expect, test } from '@jest/globals';

import { CommitPace } from './pace.ts';

const few = { rows: 1, bytes: 100, silent: false };

function paceOf(commitIntervalMs?: number): { pace: CommitPace; pass: (ms: number) => void } {
  let now = 1000;
  const pace = new CommitPace(commitIntervalMs === undefined ? {} : { commitIntervalMs }, () => now);
  return { pace, pass: (ms) => { now += ms; } };
}

test('without an interval each batch is committed, and nothing is when nothing was taken', () => {
  const { pace } = paceOf();
  expect([pace.due(few), pace.waitMs()]).toEqual([false, undefined]);
  pace.taken();
  expect([pace.due(few), pace.pending]).toEqual([true, true]);
  pace.committed();
  expect([pace.due({ ...few, silent: true }), pace.pending, pace.waitMs()]).toEqual([false, false, undefined]);
});

test('work waits for the interval from its first record on, never longer', () => {
  const { pace, pass } = paceOf(100);
  pace.taken();
  pass(60);
  pace.taken();
  expect([pace.due(few), pace.age]).toEqual([false, 60]);
  pass(39);
  expect([pace.due(few), pace.waitMs()]).toEqual([false, 1]);
  pass(1);
  expect([pace.due(few), pace.waitMs()]).toEqual([true, 0]);
  pass(50);
  expect(pace.waitMs()).toBe(0);
  pace.committed();
  pace.taken();
  expect([pace.due(few), pace.age]).toEqual([false, 0]);
});

test('silent inputs, many rows and many bytes do not wait', () => {
  const { pace, pass } = paceOf(100);
  pace.taken();
  expect(pace.waitMs()).toBe(25);
  expect(pace.due({ ...few, silent: true })).toBe(true);
  expect(pace.due({ ...few, rows: 65_536 })).toBe(true);
  expect(pace.due({ ...few, bytes: 8 * 1024 * 1024 })).toBe(true);
  pass(90);
  expect(pace.waitMs()).toBe(10);
});
