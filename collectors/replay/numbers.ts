/** Decimal numbers and times read straight from the bytes of a field, without making a string of it. */

export type TimeUnit = 's' | 'ms' | 'us' | 'ns' | 'iso';

const ZERO = 48;
const SPACE = 32;
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const COLON = 58;
const LOWER = 32;
const LETTER_E = 101;
const LETTER_T = 116;
const LETTER_Z = 122;

/** Powers of ten that a double holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

/**
 * The double nearest to a decimal number, NaN when the bytes are no decimal number (`NaN`, `Infinity`, hex
 * and digit separators are none). Spaces around it are ignored. May be infinite (`1e999`).
 *
 * A mantissa below 2^53 times or over a power of ten up to 10^22 is one correctly rounded operation
 * (Clinger 1990, "How to read floating point numbers accurately"); anything else is left to `Number`.
 */
export function parseDecimal(bytes: Uint8Array, from: number, to: number): number {
  let start = from;
  let end = to;
  while (start < end && bytes[start] === SPACE) start++;
  while (end > start && bytes[end - 1] === SPACE) end--;
  let i = start;
  const negative = bytes[i] === MINUS;
  if (i < end && (negative || bytes[i] === PLUS)) i++;
  let mantissa = 0;
  let digits = 0;
  let scale = 0;
  let point = false;
  for (; i < end; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digits++;
      if (point) scale--;
    } else if (digit === DOT - ZERO && !point) point = true;
    else break;
  }
  if (digits === 0) return Number.NaN;
  if (i < end) {
    if ((bytes[i]! | LOWER) !== LETTER_E) return Number.NaN;
    i++;
    const below = bytes[i] === MINUS;
    if (i < end && (below || bytes[i] === PLUS)) i++;
    if (i === end) return Number.NaN;
    let exponent = 0;
    for (; i < end; i++) {
      if (!isDigit(bytes[i]!)) return Number.NaN;
      exponent = Math.min(exponent * 10 + bytes[i]! - ZERO, 1e6);
    }
    scale += below ? -exponent : exponent;
  }
  if (mantissa > Number.MAX_SAFE_INTEGER || scale < -22 || scale > 22) {
    return Number(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1'));
  }
  const size = scale < 0 ? mantissa / POWERS[-scale]! : mantissa * POWERS[scale]!;
  return negative ? -size : size;
}

/** Decimal places between a unit and microseconds. */
const PLACES = { s: 6, ms: 3, us: 0, ns: -3 } as const;

/**
 * A time in microseconds since the epoch, rounded down; NaN when it is none, infinite when it is beyond
 * 2^53 µs. Digits beyond a microsecond are dropped as digits, so that nanoseconds lose nothing else.
 */
export function parseTime(bytes: Uint8Array, from: number, to: number, unit: TimeUnit): number {
  if (unit === 'iso') return parseIso(bytes, from, to);
  let end = to;
  let i = from;
  while (i < end && bytes[i] === SPACE) i++;
  while (end > i && bytes[end - 1] === SPACE) end--;
  const negative = bytes[i] === MINUS;
  if (negative) i++;
  const first = i;
  let whole = i;
  while (whole < end && isDigit(bytes[whole]!)) whole++;
  if (whole === first) return Number.NaN;
  const places = PLACES[unit];
  const kept = Math.min(whole, whole + places);
  let time = 0;
  for (; i < kept; i++) time = time * 10 + bytes[i]! - ZERO;
  let dropped = false;
  for (i = Math.max(kept, first); i < whole; i++) dropped ||= bytes[i] !== ZERO;
  let left = Math.max(places, 0);
  if (whole < end) {
    if (bytes[whole] !== DOT || whole + 1 === end) return Number.NaN;
    for (i = whole + 1; i < end; i++) {
      if (!isDigit(bytes[i]!)) return Number.NaN;
      if (left > 0) {
        time = time * 10 + bytes[i]! - ZERO;
        left--;
      } else dropped ||= bytes[i] !== ZERO;
    }
  }
  time *= POWERS[left]!;
  if (time > Number.MAX_SAFE_INTEGER) return Number.POSITIVE_INFINITY;
  return negative ? -time - (dropped ? 1 : 0) : time;
}

/** The number made of exactly `count` digits at `at`, or -1. */
function digitsAt(bytes: Uint8Array, at: number, end: number, count: number): number {
  if (at + count > end) return -1;
  let value = 0;
  for (let i = at; i < at + count; i++) {
    if (!isDigit(bytes[i]!)) return -1;
    value = value * 10 + bytes[i]! - ZERO;
  }
  return value;
}

/** Days of a proleptic Gregorian date since 1970-01-01, or NaN (H. Hinnant, "chrono-compatible date algorithms"). */
function daysOf(year: number, month: number, day: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const length = month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > length) return Number.NaN;
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/**
 * ISO 8601: `YYYY-MM-DD`, then optionally `T` or a space and `HH:MM[:SS[.fraction]]`, then optionally
 * `Z` or `±HH[:]MM`. Without a zone it is UTC.
 */
function parseIso(bytes: Uint8Array, from: number, to: number): number {
  let end = to;
  while (end > from && bytes[end - 1] === SPACE) end--;
  if (bytes[from + 4] !== MINUS || bytes[from + 7] !== MINUS) return Number.NaN;
  const days = daysOf(digitsAt(bytes, from, end, 4), digitsAt(bytes, from + 5, end, 2), digitsAt(bytes, from + 8, end, 2));
  let i = from + 10;
  if (i === end) return days * 86_400_000_000;
  if (bytes[i] !== SPACE && (bytes[i]! | LOWER) !== LETTER_T) return Number.NaN;
  const hour = digitsAt(bytes, i + 1, end, 2);
  const minute = bytes[i + 3] === COLON ? digitsAt(bytes, i + 4, end, 2) : -1;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return Number.NaN;
  i += 6;
  let second = 0;
  let micros = 0;
  if (i < end && bytes[i] === COLON) {
    second = digitsAt(bytes, i + 1, end, 2);
    if (second < 0 || second > 59) return Number.NaN;
    i += 3;
    if (i < end && bytes[i] === DOT) {
      let places = 6;
      const first = ++i;
      for (; i < end && isDigit(bytes[i]!); i++) {
        if (places > 0) {
          micros = micros * 10 + bytes[i]! - ZERO;
          places--;
        }
      }
      if (i === first) return Number.NaN;
      micros *= POWERS[places]!;
    }
  }
  const offset = zoneMinutes(bytes, i, end);
  return (days * 86_400 + hour * 3600 + (minute - offset) * 60 + second) * 1_000_000 + micros;
}

function zoneMinutes(bytes: Uint8Array, at: number, end: number): number {
  if (at === end || (at + 1 === end && (bytes[at]! | LOWER) === LETTER_Z)) return 0;
  if (bytes[at] !== PLUS && bytes[at] !== MINUS) return Number.NaN;
  const hours = digitsAt(bytes, at + 1, end, 2);
  const colon = bytes[at + 3] === COLON ? 1 : 0;
  const minutes = at + 3 === end ? 0 : digitsAt(bytes, at + 3 + colon, end, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return Number.NaN;
  if (at + 3 !== end && at + 5 + colon !== end) return Number.NaN;
  return (bytes[at] === MINUS ? -1 : 1) * (hours * 60 + minutes);
}
