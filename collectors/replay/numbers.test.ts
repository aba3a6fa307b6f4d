import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseDecimal, parseTime, type TimeUnit } from './numbers.ts';

const decimal = (text: string): number => {
  const bytes = Buffer.from(`x${text}y`);
  return parseDecimal(bytes, 1, bytes.length - 1);
};
const time = (text: string, unit: TimeUnit): number => {
  const bytes = Buffer.from(`9${text}9`);
  return parseTime(bytes, 1, bytes.length - 1, unit);
};

test('a decimal is the double that Number makes of it, however it is written', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(decimal(String(value))).toBe(Number(String(value)));
      expect(decimal(value.toExponential())).toBe(Number(value.toExponential()));
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[+-]?[0-9]{1,25}(\.[0-9]{0,25})?([eE][+-]?[0-9]{1,3})?$/), (text) => {
      expect(decimal(text)).toBe(Number(text));
    }),
  );
});

test('what is no decimal number is NaN', () => {
  for (const text of ['', ' ', '.', '-', '+', 'NaN', 'nan', 'Infinity', '1,5', '0x10', '1_000', '1e', '1e+', '1.2.3', '--1', '1 2', 'e5']) {
    expect([text, decimal(text)]).toEqual([text, Number.NaN]);
  }
  expect(decimal(' 1.5 ')).toBe(1.5);
  expect(decimal('1e999')).toBe(Number.POSITIVE_INFINITY);
  expect(decimal('-0')).toBe(-0);
});

test('times are rounded down to microseconds as digits', () => {
  expect(time('1742944020773684999', 'ns')).toBe(1_742_944_020_773_684);
  expect(time('999', 'ns')).toBe(0);
  expect(time('-1', 'ns')).toBe(-1);
  expect(time('1398920401787', 'ms')).toBe(1_398_920_401_787_000);
  expect(time('1398920401787.1239', 'ms')).toBe(1_398_920_401_787_123);
  expect(time('1618677817.061845', 's')).toBe(1_618_677_817_061_845);
  expect(time('1618677817.0618459', 's')).toBe(1_618_677_817_061_845);
  expect(time('17', 'us')).toBe(17);
  expect(time('99999999999999999999999', 'us')).toBe(Number.POSITIVE_INFINITY);
  for (const text of ['', 'x', '1e9', '1.', '.5', '12:00', '-']) expect([text, time(text, 's')]).toEqual([text, Number.NaN]);
});

test('any number of nanoseconds is what BigInt division gives', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 9_000_000_000_000_000_000n }), (ns) => {
      expect(time(String(ns), 'ns')).toBe(Number(ns / 1000n));
    }),
  );
});

test('ISO times are those of Date, with microseconds', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('1000-01-01'), max: new Date('9000-01-01'), noInvalidDate: true }), (date) => {
      expect(time(date.toISOString(), 'iso')).toBe(date.getTime() * 1000);
    }),
  );
  const at = Date.UTC(2023, 8, 5, 16, 0, 1) * 1000;
  expect(time('2023-09-05T16:00:01.281719Z', 'iso')).toBe(at + 281_719);
  expect(time('2023-09-05 16:00:01.281719999', 'iso')).toBe(at + 281_719);
  expect(time('2023-09-05T18:00:01+02:00', 'iso')).toBe(at);
  expect(time('2023-09-05T10:30:01-0530', 'iso')).toBe(at);
  expect(time('2023-09-05T16:00Z', 'iso')).toBe(at - 1_000_000);
  expect(time('2023-09-05', 'iso')).toBe(Date.UTC(2023, 8, 5) * 1000);
  for (const text of ['2023-02-29', '2023-13-01', '2023-9-5', '2023-09-05T', '2023-09-05T25:00', '2023-09-05T16:00:01.', '2023-09-05T16:00:01X', '2023-09-05T16:00:01+2', '20230905']) {
    expect([text, time(text, 'iso')]).toEqual([text, Number.NaN]);
  }
});
