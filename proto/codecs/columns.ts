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

/** A message in proto3 JSON; unknown fields are ignored. */
export function decodeJson<T>(bytes: Uint8Array, message: { fromJSON(value: unknown): T }): T {
  try {
    return message.fromJSON(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')));
  } catch (cause) {
    throw fail('MALFORMED_RECORD', 'not the JSON form of its message', { cause });
  }
}
