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
  Precision,
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

import { ForetickError, fail } from '../errors.ts';
import { verifyStream } from './arrow-verify.ts';
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

/** Schemas by what tells them apart. Bounded: sources and tasks come from records, which anybody may write. */
export function schemaCache(): (id: string, make: () => Schema) => Schema {
  const schemas = new Map<string, Schema>();
  return (id, make) => {
    let schema = schemas.get(id);
    if (!schema) {
      schema = make();
      if (schemas.size < 4096) schemas.set(id, schema);
    }
    return schema;
  };
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

/** Decodes a stream with `read`. Whatever the bytes are, they give a value or a coded error. */
export function readStream<T>(bytes: Uint8Array, read: (reader: StreamReader) => T): T {
  try {
    return read(new StreamReader(bytes));
  } catch (cause) {
    if (cause instanceof ForetickError) throw cause;
    throw fail('MALFORMED_RECORD', 'an Arrow stream with broken columns', { cause });
  }
}

/** A decoded stream. Columns may come from foreign writers: other batch cuts, plain strings, nulls. */
export class StreamReader {
  readonly length: number;
  readonly #table: Table;

  constructor(bytes: Uint8Array) {
    try {
      verifyStream(bytes);
      this.#table = tableFromIPC(bytes);
      this.length = this.#table.numRows;
    } catch (cause) {
      throw fail('MALFORMED_RECORD', 'not an Arrow IPC stream', { cause });
    }
    if (this.#table.schema.fields.length === 0) throw fail('MALFORMED_RECORD', 'not an Arrow IPC stream');
    // Every row of ours takes a byte at least; a made-up count must not size an allocation.
    if (!(this.length <= bytes.length)) throw fail('MALFORMED_RECORD', 'more rows than bytes');
  }

  metadata(key: string): string | undefined {
    return this.#table.schema.metadata.get(key);
  }

  has(name: string): boolean {
    return this.#table.schema.fields.some((field) => field.name === name);
  }

  /** A numeric or timestamp[us] column as float64. A missing column is an error. */
  f64(name: string, nullAs = Number.NaN): Float64Array {
    const { type, chunks } = this.#column(name);
    const only = chunks.length === 1 ? chunks[0]! : undefined;
    if (only && only.nullCount === 0 && DataType.isFloat(type) && only.values instanceof Float64Array) {
      return only.values.subarray(0, only.length);
    }
    const wide = (DataType.isInt(type) && type.bitWidth === 64) || DataType.isTimestamp(type);
    const float = DataType.isFloat(type) && type.precision !== Precision.HALF;
    if (!wide && !DataType.isInt(type) && !float) throw this.#wrongType(name, type);
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
        for (let i = 0; i < chunk.length; i++) if (!chunk.getValid(i)) out[at + i] = nullAs;
      }
      at += chunk.length;
    }
    return out;
  }

  i8(name: string): Int8Array {
    return Int8Array.from(this.#whole(name));
  }

  u8(name: string): Uint8Array {
    const { type, chunks } = this.#column(name);
    const only = chunks.length === 1 ? chunks[0]! : undefined;
    if (only && only.nullCount === 0 && DataType.isInt(type) && only.values instanceof Uint8Array) {
      return only.values.subarray(0, only.length);
    }
    return Uint8Array.from(this.#whole(name));
  }

  /** A string column as indices into words; -1 for null. */
  text(name: string): { indices: Int32Array; words: string[] } {
    const { type, chunks } = this.#column(name);
    const only = chunks.length === 1 ? chunks[0]! : undefined;
    const plain = DataType.isDictionary(type) ? (type.dictionary as DataType) : type;
    if (!DataType.isUtf8(plain) && !DataType.isLargeUtf8(plain)) throw this.#wrongType(name, type);
    for (const chunk of chunks) requireOffsets(chunk.dictionary ? (chunk.dictionary.data as readonly Data[]) : [chunk], name);
    const dictionary = only?.dictionary;
    if (only && dictionary && only.values instanceof Int32Array && only.nullCount === 0 && dictionary.nullCount === 0) {
      const words = Array.from(dictionary.toArray() as string[], String);
      const indices = only.values.subarray(0, only.length);
      for (const index of indices) {
        if (index < 0 || index >= words.length) throw fail('MALFORMED_RECORD', `column ${name} points outside its dictionary`);
      }
      return { indices, words };
    }
    const indices = new Int32Array(this.length);
    const words: string[] = [];
    const known = new Map<string, number>();
    let at = 0;
    for (const word of this.#table.getChild(name) as Iterable<string | null | undefined>) {
      let index = -1;
      if (typeof word === 'string') {
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

  /** The same of a column without nulls. */
  requiredText(name: string): { indices: Int32Array; words: string[] } {
    const column = this.text(name);
    if (column.indices.includes(-1)) throw fail('MALFORMED_RECORD', `column ${name} holds nulls`);
    return column;
  }

  /** A fixed-size list of float32, row-major. */
  listF32(name: string): { values: Float32Array; width: number } {
    return this.#list(name, Precision.SINGLE, (length) => new Float32Array(length));
  }

  /** A fixed-size list of float64, row-major. */
  listF64(name: string): { values: Float64Array; width: number } {
    return this.#list(name, Precision.DOUBLE, (length) => new Float64Array(length));
  }

  #list<T extends Float32Array | Float64Array>(name: string, precision: Precision, make: (length: number) => T): { values: T; width: number } {
    const { type, chunks } = this.#column(name);
    const item = DataType.isFixedSizeList(type) ? (type.children[0]!.type as DataType) : type;
    if (!DataType.isFixedSizeList(type) || !DataType.isFloat(item) || item.precision !== precision) throw this.#wrongType(name, type);
    const width = type.listSize;
    const parts = chunks.map((chunk) => {
      const child = chunk.children[0]!;
      if (chunk.nullCount > 0 || child.nullCount > 0) throw fail('MALFORMED_RECORD', `column ${name} holds nulls`);
      const values = child.values as T;
      if (values.length < chunk.length * width) throw fail('MALFORMED_RECORD', `column ${name} is too short`);
      return values.subarray(0, chunk.length * width) as T;
    });
    if (parts.length === 1) return { values: parts[0]!, width };
    const values = make(this.length * width);
    let at = 0;
    for (const part of parts) {
      values.set(part, at);
      at += part.length;
    }
    return { values, width };
  }

  /** Small numbers, none of them null. */
  #whole(name: string): Float64Array {
    const values = this.f64(name);
    if (values.some((value) => Number.isNaN(value))) throw fail('MALFORMED_RECORD', `column ${name} holds nulls`);
    return values;
  }

  #column(name: string): { type: DataType; chunks: readonly Data[] } {
    const vector = this.#table.getChild(name);
    if (!vector) throw fail('MALFORMED_RECORD', `column ${name} is missing`);
    const type = vector.type as DataType;
    const chunks = vector.data as readonly Data[];
    let rows = 0;
    for (const chunk of chunks) {
      rows += chunk.length;
      const values = chunk.values as ArrayLike<unknown> | undefined;
      const needed = DataType.isInt(type) || DataType.isFloat(type) || DataType.isTimestamp(type) || DataType.isDictionary(type) ? chunk.length : 0;
      if (needed > 0 && !(values && values.length >= needed)) throw fail('MALFORMED_RECORD', `column ${name} is too short`);
    }
    if (rows !== this.length) throw fail('MALFORMED_RECORD', `column ${name} has ${rows} of ${this.length} rows`);
    return { type, chunks };
  }

  #wrongType(name: string, type: DataType): Error {
    return fail('MALFORMED_RECORD', `column ${name} has the wrong type, ${type.typeId}`);
  }
}

/** Strings must not overlap: n of them could else be n times as large as the record. */
function requireOffsets(chunks: readonly Data[], name: string): void {
  for (const { valueOffsets, values, length } of chunks as readonly { valueOffsets: Int32Array; values: Uint8Array; length: number }[]) {
    let before = 0;
    for (let i = 0; i <= length; i++) {
      const offset = Number(valueOffsets[i]);
      if (!(offset >= before && offset <= values.length)) {
        if (length === 0) return;
        throw fail('MALFORMED_RECORD', `strings of column ${name} overlap`);
      }
      before = offset;
    }
  }
}
