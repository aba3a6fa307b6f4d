/** What the columnar codecs share: picking rows of columns, and reading the JSON form. */
import type { Data } from 'apache-arrow';

import { fail } from '../errors.ts';
import { column } from './arrow.ts';
import { CONTENT_ARROW, CONTENT_JSON, type Encoded } from './wire.ts';

/** The `n` values of `rows`, or the first `n`. */
export function gather(values: Float64Array, rows: Int32Array | null, n: number): Float64Array {
  if (!rows) return values.subarray(0, n);
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) out[i] = values[rows[i]!]!;
  return out;
}

/** The same of a row-major table, `width` values a row. */
export function gatherRows(values: Float64Array, width: number, rows: Int32Array | null, n: number): Float64Array {
  if (!rows) return values.subarray(0, n * width);
  const out = new Float64Array(n * width);
  for (let i = 0; i < n; i++) out.set(values.subarray(rows[i]! * width, (rows[i]! + 1) * width), i * width);
  return out;
}

/**
 * A dictionary column that holds only the words its rows use, in the order of their first use. The cost goes with the
 * rows, not with `words`, which may name a million instruments.
 */
export function textColumn(indices: Int32Array, words: readonly string[], rows: Int32Array | null, n: number): Data {
  const local = new Map<number, number>();
  const used: string[] = [];
  const out = new Int32Array(n);
  let lastId = -1;
  let word = -1;
  for (let i = 0; i < n; i++) {
    const id = indices[rows ? rows[i]! : i]!;
    if (id !== lastId) {
      lastId = id;
      word = local.get(id) ?? -1;
      if (word === -1) {
        word = used.push(words[id]!) - 1;
        local.set(id, word);
      }
    }
    out[i] = word;
  }
  return column.text(out, used);
}

/** The bytes of a record that must be of `schema` and of a content type we read. */
export function requireSchema(record: Encoded, schema: string): Uint8Array {
  const declared = record.headers['schema'] ?? schema;
  const contentType = record.headers['content-type'] ?? CONTENT_JSON;
  if (declared !== schema || (contentType !== CONTENT_JSON && contentType !== CONTENT_ARROW)) {
    throw fail('UNSUPPORTED_SCHEMA', `${declared} as ${contentType}, expected ${schema}`);
  }
  if (record.value === null) throw fail('MALFORMED_RECORD', 'a record without value');
  return record.value;
}

/** A message in proto3 JSON; unknown fields are ignored, fields of another type than declared are not. */
export function decodeJson<T extends object>(bytes: Uint8Array, message: { fromJSON(value: unknown): T }): T {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('a message is an object');
    const decoded = message.fromJSON(value);
    requireTypes(decoded, value);
    return decoded;
  } catch (cause) {
    throw fail('MALFORMED_RECORD', 'not the JSON form of its message', { cause });
  }
}

const NOT_FINITE = new Set<unknown>(['NaN', 'Infinity', '-Infinity']);

/** Throws where `raw` has another type than the field it became: generated readers coerce, and so hide mistakes. */
function requireTypes(decoded: unknown, raw: unknown): void {
  if (raw === undefined || raw === null) return;
  let fits = true;
  if (typeof decoded === 'number') {
    // Names of enum values, and numbers in quotes, are strings by the rules of proto3.
    fits = typeof raw === 'number' || (typeof raw === 'string' && raw.trim() !== '' && (!Number.isNaN(decoded) || NOT_FINITE.has(raw)));
  } else if (Array.isArray(decoded)) {
    fits = Array.isArray(raw);
    if (fits) decoded.forEach((value, i) => { requireTypes(value, (raw as unknown[])[i]); });
  } else if (typeof decoded === 'object' && decoded !== null && !ArrayBuffer.isView(decoded)) {
    fits = typeof raw === 'object' && !Array.isArray(raw);
    for (const [name, value] of Object.entries(decoded)) requireTypes(...fieldOf(name, value, raw as Record<string, unknown>));
  } else if (decoded !== undefined) {
    fits = ArrayBuffer.isView(decoded) ? typeof raw === 'string' : typeof raw === typeof decoded;
  }
  if (!fits) throw new TypeError('a field of the wrong type');
}

/** A field and what it was read from; `oneof` fields stand under the name of their case. */
function fieldOf(name: string, value: unknown, raw: Record<string, unknown>): [unknown, unknown] {
  const chosen = (value as { $case?: string } | undefined)?.$case;
  if (chosen !== undefined) return [(value as Record<string, unknown>)[chosen], raw[chosen]];
  return [value, raw[name] ?? raw[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]];
}

/** The message, when its numbers are finite and those named are whole and below 2^53; VALUE_OUT_OF_RANGE otherwise. */
export function requireNumbers<T extends object>(message: T, whole: readonly (keyof T & string)[]): T {
  for (const [name, value] of Object.entries(message) as [string, unknown][]) {
    for (const number of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof number === 'number' && !Number.isFinite(number)) throw fail('VALUE_OUT_OF_RANGE', `${name} is not finite`);
    }
  }
  for (const name of whole) {
    if (!Number.isSafeInteger(message[name])) throw fail('VALUE_OUT_OF_RANGE', `${name} is not a whole number below 2^53`);
  }
  return message;
}
