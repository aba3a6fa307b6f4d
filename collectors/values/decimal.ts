/** Numbers as vendors write them, without noise and without guessing. */
import { fail } from '#proto';

/**
 * A decimal number: a JSON number, or a text of digits, sign, point and exponent. The nearest double, so `0.1` is 0.1.
 * MALFORMED_RECORD for anything else: empty texts, hexadecimal, infinity, blanks.
 */
export function decimal(value: unknown, field: string): number {
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
  } else if (typeof value === 'string' && isDecimal(value)) {
    const number = Number(value);
    if (Number.isFinite(number)) return number;
  }
  throw fail('MALFORMED_RECORD', `${field} is not a decimal number`);
}

/** The same, or `fallback` when the field is missing, null or an empty text. */
export function decimalOr(value: unknown, fallback: number, field: string): number {
  return value === undefined || value === null || value === '' ? fallback : decimal(value, field);
}

function isDecimal(text: string): boolean {
  if (text.length === 0 || text.length > 64) return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const digit = c >= 48 && c <= 57;
    // + - . and e, E behind a digit or a point.
    if (!digit && c !== 43 && c !== 45 && c !== 46 && !(i > 0 && (c === 101 || c === 69))) return false;
  }
  return true;
}

/**
 * The shortest decimal that a float32 stands for: 232.35, not 232.35000610351562. For values that a vendor sends as
 * float32.
 */
export function fromFloat32(value: number): number {
  if (!Number.isFinite(value) || Number.isInteger(value)) return value;
  if (value < 0) return -fromFloat32(-value);
  const whole = Math.floor(Math.log10(value));
  for (let digits = 6; digits < 9; digits++) {
    const scale = POWERS[digits - 1 - whole];
    // A whole number and a power of ten that a double holds: their quotient is the nearest double, as if the decimal had been read.
    const short = scale === undefined ? Number(value.toPrecision(digits)) : Math.round(value * scale) / scale;
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** Those that are exact. */
const POWERS = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/** A whole number up to 2^53, as a JSON number or a text of digits. MALFORMED_RECORD for anything else. */
export function whole(value: unknown, field: string): number {
  const number = typeof value === 'number' ? value : typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw fail('MALFORMED_RECORD', `${field} is not a whole number`);
  return number;
}
