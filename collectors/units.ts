/** Durations and sizes as people write them: `5s`, `250ms`, `2m`, `1h`; `64KiB`, `1MiB`. */
import { z } from 'zod';

const DURATIONS: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, m: 60e6, h: 3600e6, d: 86_400e6 };
const SIZES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

function parse(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?) *([A-Za-z]+)$/.exec(text.trim());
  const unit = match ? units[match[2]!] : undefined;
  return unit === undefined ? undefined : Math.round(Number(match![1]) * unit);
}

/** The largest unit in which the value is a whole number. */
function format(value: number, units: Readonly<Record<string, number>>): string {
  const fitting = Object.entries(units).filter(([, unit]) => value % unit === 0 && value >= unit);
  const [name, unit] = fitting.sort(([, a], [, b]) => b - a)[0] ?? Object.entries(units)[0]!;
  return `${value / unit}${name}`;
}

/** Reads a text with a unit into a number, and writes it back. */
function unitOf(what: string, units: Readonly<Record<string, number>>, example: string) {
  const pattern = new RegExp(`^ *\\d+(\\.\\d+)? *(${Object.keys(units).join('|')}) *$`);
  return z.codec(
    z.string().regex(pattern, `a ${what} such as ${example}; units: ${Object.keys(units).join(', ')}`),
    z.number(),
    { decode: (text) => parse(text, units) ?? 0, encode: (value) => format(value, units) },
  );
}

/** Microseconds. */
export const duration = () => unitOf('duration', DURATIONS, '5s or 250ms');

/** Bytes. */
export const size = () => unitOf('size', SIZES, '1MiB');
