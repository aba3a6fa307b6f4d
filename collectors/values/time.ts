/** Times as vendors write them → microseconds since the epoch, rounded down. */
import { fail } from '#proto';

/** Decimal places of a microsecond in each unit. */
const PLACES = { s: 6, ms: 3, us: 0, ns: -3 } as const;

/** A number or a text of digits in this unit. MALFORMED_RECORD for anything else. By its digits: seconds with a fraction are not exact in binary. */
export function timeOf(value: unknown, unit: keyof typeof PLACES, field: string): number {
  const places = PLACES[unit];
  const micros = typeof value === 'number' && Number.isSafeInteger(value) ? (places < 0 ? Math.floor(value / 10 ** -places) : value * 10 ** places) : byDigits(value, places);
  if (micros > 0 && Number.isSafeInteger(micros)) return micros;
  throw fail('MALFORMED_RECORD', `${field} is not a time`);
}

/** NaN where it is no number. */
function byDigits(value: unknown, places: number): number {
  const match = typeof value === 'number' || typeof value === 'string' ? /^(\d{1,20})(?:\.(\d+))?$/.exec(String(value)) : null;
  if (!match) return Number.NaN;
  const [, whole = '', fraction = ''] = match;
  return places < 0 ? Number(whole.slice(0, places)) : Number(whole + fraction.padEnd(places, '0').slice(0, places));
}

// Codes of characters.
const ZERO = 48;
const DASH = 45;
const COLON = 58;
const POINT = 46;
const T = 84;
const Z = 90;

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|([+-])(\d\d):?(\d\d))$/;

/** RFC 3339, with a blank for the T allowed. MALFORMED_RECORD for anything else. */
export function rfc3339(value: unknown, field: string): number {
  const common = typeof value === 'string' ? utc(value) : -1;
  return common >= 0 ? common : anyDateTime(value, field);
}

/** What nearly all vendors write, `2021-04-17T16:43:37.089723Z`, without a regular expression; -1 for anything else. */
function utc(text: string): number {
  const end = text.length - 1;
  if (end < 19 || end > 30 || text.charCodeAt(end) !== Z || text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH || text.charCodeAt(10) !== T || text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return -1;
  const seconds = two(text, 17);
  const ms = Date.UTC(100 * two(text, 0) + two(text, 2), two(text, 5) - 1, two(text, 8), two(text, 11), two(text, 14), seconds);
  let micros = 0;
  if (end > 19) {
    if (text.charCodeAt(19) !== POINT || end === 20) return -1;
    for (let i = 20, worth = 100_000; i < end; i++, worth = Math.floor(worth / 10)) {
      const digit = text.charCodeAt(i) - ZERO;
      if (!(digit >= 0 && digit <= 9)) return -1;
      micros += digit * worth;
    }
  }
  // Of what was no digit, not a number.
  return Number.isNaN(ms) ? -1 : ms * 1000 + micros;
}

/** The number of two digits; NaN when they are none. */
function two(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : Number.NaN;
}

function anyDateTime(value: unknown, field: string): number {
  const match = typeof value === 'string' ? DATE_TIME.exec(value) : null;
  if (match === null) throw fail('MALFORMED_RECORD', `${field} is not a time`);
  const [, year, month, day, hour, minute, second, fraction = '', , sign, offsetHours, offsetMinutes] = match;
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const offset = sign === undefined ? 0 : (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1);
  return (ms - offset * 60_000) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
