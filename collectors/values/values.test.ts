import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { hasCode } from '#proto';

import { decimal, decimalOr, fromFloat32, whole } from './decimal.ts';
import { array, object, parseJson, pointer, text } from './fields.ts';
import { rfc3339, timeOf } from './time.ts';

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (hasCode(error, 'MALFORMED_RECORD')) return error.message;
    throw error;
  }
  return 'accepted';
};

test('decimals are the nearest double, and nothing else is a decimal', () => {
  expect(['0.1', '68900.50', '-3', '1e-8', '.5', 7.25].map((value) => decimal(value, 'p'))).toEqual([0.1, 68_900.5, -3, 1e-8, 0.5, 7.25]);
  for (const value of ['', ' 1', '1 ', '0x10', 'Infinity', 'NaN', '1,5', '1_0', 'e5', '1e999', '-', null, undefined, true, [], {}, Number.NaN, Infinity, '9'.repeat(65)]) {
    expect(codeOf(() => decimal(value, 'price'))).toBe('price is not a decimal number');
  }
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => { expect(decimal(String(value), 'p')).toBe(value === 0 ? Number(String(value)) : value); }));
  expect([decimalOr(null, 3, 'p'), decimalOr('', 3, 'p'), decimalOr('2', 3, 'p')]).toEqual([3, 3, 2]);
});

test('the shortest decimal of a float32: no noise, and the same float32', () => {
  expect(fromFloat32(Math.fround(232.35))).toBe(232.35);
  expect(fromFloat32(Math.fround(94_745.08))).toBe(94_745.08);
  fc.assert(fc.property(fc.float({ noNaN: true }), (value) => { expect(Math.fround(fromFloat32(value))).toBe(value === 0 ? fromFloat32(value) : value); }));
  // No text is made of it, yet it is what reading the text would give.
  const read = (value: number): number => [6, 7, 8, 9].map((digits) => Number(value.toPrecision(digits))).find((short) => Math.fround(short) === value)!;
  fc.assert(fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => { if (!Number.isInteger(value)) expect(fromFloat32(value)).toBe(read(value)); }));
  fc.assert(fc.property(fc.integer({ min: 1, max: 999_999 }), (cents) => { expect(fromFloat32(Math.fround(cents / 100))).toBe(cents / 100); }));
});

test('whole numbers up to 2^53', () => {
  expect([whole('995098700', 'id'), whole(5, 'id'), whole('0', 'id')]).toEqual([995_098_700, 5, 0]);
  for (const value of ['1.5', '-1', '', 1.5, '99999999999999999', null]) expect(codeOf(() => whole(value, 'id'))).toBe('id is not a whole number');
});

test('times as vendors write them, rounded down to the microsecond', () => {
  expect(rfc3339('2021-04-17T16:43:37.089723Z', 't')).toBe(1_618_677_817_089_723);
  expect(rfc3339('2023-04-06T11:54:21.670905508Z', 't')).toBe(Date.UTC(2023, 3, 6, 11, 54, 21) * 1000 + 670_905);
  expect(rfc3339('2026-04-07 14:30:10.5+00:00', 't')).toBe(Date.UTC(2026, 3, 7, 14, 30, 10) * 1000 + 500_000);
  expect(rfc3339('2026-04-07T14:30:10-04:00', 't')).toBe(Date.UTC(2026, 3, 7, 18, 30, 10) * 1000);
  expect([timeOf(1_672_515_782_136, 'ms', 't'), timeOf('1641343699596000', 'us', 't'), timeOf('1616663618.123456', 's', 't'), timeOf('1616663618123456789', 'ns', 't')]).toEqual([
    1_672_515_782_136_000, 1_641_343_699_596_000, 1_616_663_618_123_456, 1_616_663_618_123_456,
  ]);
  for (const value of ['2021-04-17T16:43:37Z', '2021-04-17T16:43:37.0Z', '2021-04-17T16:43:37.123456789Z', '1999-12-31T23:59:60.5Z', '0099-01-01T00:00:00Z']) expect(rfc3339(value, 't')).toBe(rfc3339(value.replace('Z', '+00:00'), 't'));
  for (const value of ['2021-04-17T16:43:37.Z', '2021-04-17T16:43:3xZ', '2021-0-17T16:43:370Z', '2021-04-17T16:43:37.1 2Z', '2021-04-17T16:43:37z', '+021-04-17T16:43:37Z']) expect(codeOf(() => rfc3339(value, 't'))).toBe('t is not a time');
  for (const value of ['yesterday', '2021-04-17', '', 5, null]) expect(codeOf(() => rfc3339(value, 't'))).toBe('t is not a time');
  for (const value of ['x', '', 0, -1, null]) expect(codeOf(() => timeOf(value, 'ms', 't'))).toBe('t is not a time');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4_000_000_000 }), fc.integer({ min: 0, max: 999_999 }), (seconds, micros) => {
      const written = `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}Z`;
      expect(rfc3339(written, 't')).toBe(seconds * 1e6 + micros);
      expect(timeOf(`${seconds}.${String(micros).padStart(6, '0')}`, 's', 't')).toBe(seconds * 1e6 + micros);
    }),
  );
});

test('JSON is looked into with care', () => {
  expect(codeOf(() => parseJson('{'))).toBe('not JSON');
  expect(codeOf(() => object([], 'frame'))).toBe('frame is not an object');
  expect(codeOf(() => object(null, 'frame'))).toBe('frame is not an object');
  expect(codeOf(() => array({}, 'events'))).toBe('events is not an array');
  expect(codeOf(() => text(5, 'type'))).toBe('type is not a text');
  const value = { a: [{ 'b/c': 1, '~': 2 }], n: null };
  expect(['', '/a/0/b~1c', '/a/0/~0', '/a/1', '/a/x', '/n/x', '/toString'].map((path) => pointer(path)(value))).toEqual([value, 1, 2, undefined, undefined, undefined, undefined]);
  expect(() => pointer('a')).toThrow('it begins with /');
});
