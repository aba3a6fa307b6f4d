/**
 * Arrow IPC streams of one record batch, in and out of typed arrays.
 *
 * Written uncompressed: compressed streams of arrow-js 21.2 cannot be read by pyarrow. Int64 and timestamps
 * hold safe integers and are converted through 32-bit words, never through BigInt.
 */
import {
  DataType,
  Dictionary,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int32,
  Int64,
  Int8,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Uint8,
  Utf8,
  makeData,
  tableFromIPC,
  vectorFromArray,
  type Data,
  type Table,
} from 'apache-arrow';

import { fail } from '../errors.ts';
import { int64Words, readInt64, writeInt64 } from './int64.ts';

export const types = {
  f32: new Float32(),
  f64: new Float64(),
  i8: new Int8(),
  i32: new Int32(),
  i64: new Int64(),
  u8: new Uint8(),
  time: new TimestampMicrosecond('UTC'),
  text: new Dictionary(new Utf8(), new Int32(), 1),
} as const;

export function listOf(child: Float32 | Float64, width: number): FixedSizeList {
  return new FixedSizeList(width, new Field('item', child, false));
}

export function schemaOf(fields: Record<string, DataType>, metadata: Record<string, string> = {}): Schema {
  return new Schema(
    Object.entries(fields).map(([name, type]) => new Field(name, type, false)),
    new Map(Object.entries(metadata)),
  );
}

type Column = Data;

export const column = {
  f64: (values: Float64Array): Column => makeData({ type: types.f64, data: values, nullCount: 0 }),
  i8: (values: Int8Array): Column => makeData({ type: types.i8, data: values, nullCount: 0 }),
  u8: (values: Uint8Array): Column => makeData({ type: types.u8, data: values, nullCount: 0 }),
  i64: (values: Float64Array): Column => makeData({ type: types.i64, data: toInt64(values), nullCount: 0 }),
  time: (values: Float64Array): Column => makeData({ type: types.time, data: toInt64(values), nullCount: 0 }),
  /** `indices` into `words`. */
  text: (indices: Int32Array, words: readonly string[]): Column =>
    makeData({
      type: types.text,
      data: indices,
      nullCount: 0,
      dictionary: vectorFromArray(words.length === 0 ? [''] : words, new Utf8()),
    }),
  /** Row-major, `width` values a row. */
  list: (values: Float32Array | Float64Array, width: number): Column => {
    const length = values.length / width;
    const child =
      values instanceof Float32Array
        ? makeData({ type: types.f32, data: values, nullCount: 0 })
        : makeData({ type: types.f64, data: values, nullCount: 0 });
    return makeData({
      type: listOf(values instanceof Float32Array ? types.f32 : types.f64, width),
      length,
      nullCount: 0,
      child,
    });
  },
};

function toInt64(values: Float64Array): BigInt64Array {
  const out = new BigInt64Array(values.length);
  const words = int64Words(out);
  for (let i = 0; i < values.length; i++) writeInt64(words, i, values[i]!);
  return out;
}

/** One IPC stream with one batch. Columns in the order of the schema's fields, `length` rows each. */
export function encodeStream(schema: Schema, length: number, children: readonly Column[]): Uint8Array {
  const data = makeData({ type: new Struct(schema.fields), length, nullCount: 0, children: [...children] });
  return RecordBatchStreamWriter.writeAll([new RecordBatch(schema, data)]).toUint8Array(true);
}

/** A decoded stream. Columns may come from foreign writers: other batch cuts, plain strings, nulls. */
export class StreamReader {
  readonly length: number;
  readonly #table: Table;

  constructor(bytes: Uint8Array) {
    try {
      this.#table = tableFromIPC(bytes);
      this.length = this.#table.numRows;
    } catch (cause) {
      throw fail('MALFORMED_RECORD', 'not an Arrow IPC stream', { cause });
    }
    if (this.#table.schema.fields.length === 0) throw fail('MALFORMED_RECORD', 'not an Arrow IPC stream');
  }

  metadata(key: string): string | undefined {
    return this.#table.schema.metadata.get(key);
  }

  has(name: string): boolean {
    return this.#table.schema.fields.some((field) => field.name === name);
  }

  /** A numeric or timestamp[us] column as float64. Nulls become NaN; a missing column is an error. */
  f64(name: string): Float64Array {
    const { type, chunks } = this.#column(name);
    const only = chunks.length === 1 ? chunks[0]! : undefined;
    if (only && only.nullCount === 0 && DataType.isFloat(type) && only.values instanceof Float64Array) {
      return only.values.subarray(0, only.length);
    }
    const wide = (DataType.isInt(type) && type.bitWidth === 64) || DataType.isTimestamp(type);
    if (!wide && !DataType.isInt(type) && !DataType.isFloat(type)) throw this.#wrongType(name, type);
    if (DataType.isTimestamp(type) && type.unit !== types.time.unit) throw this.#wrongType(name, type);
    const out = new Float64Array(this.length);
    let at = 0;
    for (const chunk of chunks) {
      if (wide) {
        const words = int64Words(chunk.values as BigInt64Array);
        for (let i = 0; i < chunk.length; i++) out[at + i] = readInt64(words, i);
      } else {
        out.set((chunk.values as Float64Array).subarray(0, chunk.length), at);
      }
      if (chunk.nullCount > 0) {
        for (let i = 0; i < chunk.length; i++) if (!chunk.getValid(i)) out[at + i] = Number.NaN;
      }
      at += chunk.length;
    }
    return out;
  }

  i8(name: string): Int8Array {
    return Int8Array.from(this.f64(name));
  }

  u8(name: string): Uint8Array {
    const { chunks } = this.#column(name);
    const only = chunks.length === 1 ? chunks[0]! : undefined;
    if (only && only.nullCount === 0 && only.values instanceof Uint8Array) {
      return only.values.subarray(0, only.length);
    }
    return Uint8Array.from(this.f64(name));
  }

  /** A string column as indices into words; -1 for null. */
  text(name: string): { indices: Int32Array; words: string[] } {
    const { type, chunks } = this.#column(name);
    const only = chunks.length === 1 ? chunks[0]! : undefined;
    if (only && DataType.isDictionary(type) && only.values instanceof Int32Array && only.nullCount === 0) {
      const words = only.dictionary?.toArray() as string[];
      return { indices: only.values.subarray(0, only.length), words: Array.from(words, String) };
    }
    if (!DataType.isDictionary(type) && !DataType.isUtf8(type)) throw this.#wrongType(name, type);
    const indices = new Int32Array(this.length);
    const words: string[] = [];
    const known = new Map<string, number>();
    let at = 0;
    for (const word of this.#table.getChild(name) as Iterable<string | null>) {
      let index = -1;
      if (word !== null) {
        index = known.get(word) ?? -1;
        if (index === -1) {
          index = words.push(word) - 1;
          known.set(word, index);
        }
      }
      indices[at++] = index;
    }
    return { indices, words };
  }

  /** A fixed-size list of float32 or float64, row-major. */
  list(name: string): { values: Float32Array | Float64Array; width: number } {
    const { type, chunks } = this.#column(name);
    if (!DataType.isFixedSizeList(type)) throw this.#wrongType(name, type);
    const width = type.listSize;
    const parts = chunks.map((chunk) => {
      const child = chunk.children[0]!;
      if (chunk.nullCount > 0 || child.nullCount > 0) throw fail('MALFORMED_RECORD', `column ${name} holds nulls`);
      return (child.values as Float32Array).subarray(0, chunk.length * width);
    });
    if (parts.length === 1) return { values: parts[0]!, width };
    const values = new Float32Array(this.length * width);
    let at = 0;
    for (const part of parts) {
      values.set(part, at);
      at += part.length;
    }
    return { values, width };
  }

  #column(name: string): { type: DataType; chunks: readonly Data[] } {
    const vector = this.#table.getChild(name);
    if (!vector) throw fail('MALFORMED_RECORD', `column ${name} is missing`);
    return { type: vector.type as DataType, chunks: vector.data as readonly Data[] };
  }

  #wrongType(name: string, type: DataType): Error {
    return fail('MALFORMED_RECORD', `column ${name} has the wrong type, ${type.typeId}`);
  }
}
