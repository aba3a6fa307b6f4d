/** Times as vendors write them → microseconds since the epoch, rounded down. */
import { fail } from '#proto';

const UNITS = { s: 1e6, ms: 1e3, us: 1, ns: 1e-3 } as const;

/** A number or a text of digits in this unit. MALFORMED_RECORD for anything else. */
export function timeOf(value: unknown, unit: keyof typeof UNITS, field: string): number {
  if (unit === 'ns' && typeof value === 'string') {
    if (/^\d{16,20}$/.test(value)) return Number(value.slice(0, -3));
  } else {
    const number = typeof value === 'number' ? value : typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
    // Half a microsecond at most is added where seconds with a fraction are not exact in binary.
    if (Number.isFinite(number) && number > 0) return Math.floor(number * UNITS[unit] + (unit === 's' ? 0.01 : 0));
  }
  throw fail('MALFORMED_RECORD', `${field} is not a time`);
}

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|([+-])(\d\d):?(\d\d))$/;

/** RFC 3339, with a blank for the T allowed. MALFORMED_RECORD for anything else. */
export function rfc3339(value: unknown, field: string): number {
  const match = typeof value === 'string' ? DATE_TIME.exec(value) : null;
  if (match === null) throw fail('MALFORMED_RECORD', `${field} is not a time`);
  const [, year, month, day, hour, minute, second, fraction = '', , sign, offsetHours, offsetMinutes] = match;
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const offset = sign === undefined ? 0 : (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1);
  return (ms - offset * 60_000) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
