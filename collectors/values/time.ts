/** Times as vendors write them → microseconds since the epoch, rounded down. */
import { fail } from '#proto';

/** Decimal places of a microsecond in each unit. */
const PLACES = { s: 6, ms: 3, us: 0, ns: -3 } as const;

/** A number or a text of digits in this unit. MALFORMED_RECORD for anything else. By its digits: seconds with a fraction are not exact in binary. */
export function timeOf(value: unknown, unit: keyof typeof PLACES, field: string): number {
  const match = typeof value === 'number' || typeof value === 'string' ? /^(\d{1,20})(?:\.(\d+))?$/.exec(String(value)) : null;
  if (match) {
    const [, whole = '', fraction = ''] = match;
    const places = PLACES[unit];
    const micros = places < 0 ? Number(whole.slice(0, places)) : Number(whole + fraction.padEnd(places, '0').slice(0, places));
    if (micros > 0 && Number.isSafeInteger(micros)) return micros;
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
