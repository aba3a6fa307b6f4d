/**
 * Fields of the row being read, by slot: the position of a column in the list the decoder asked for.
 * One reading for each format, so that the decoder knows neither.
 */
import { MAX_FIELDS, type CsvReader } from './csv.ts';
import type { NdjsonReader } from './ndjson.ts';
import { parseDecimal, parseTime, type TimeUnit } from './numbers.ts';

export interface Fields {
  isEmpty(slot: number): boolean;
  /** NaN when it is no number. */
  number(slot: number): number;
  /** Microseconds; NaN when it is no time. */
  time(slot: number, unit: TimeUnit): number;
  text(slot: number): string;
  /** Several texts: an array, or a text split by `separator`. */
  texts(slot: number, separator: string | undefined): string[];
}

const NAMES = 256;
const LONGEST_NAME = 24;

export class CsvFields implements Fields {
  readonly #reader: CsvReader;
  readonly #index: Int32Array;
  /** Short texts repeat (symbols, kinds, sides): kept by hash, to be compared instead of made again. */
  readonly #names = new Array<string>(NAMES).fill('');

  /** @throws RangeError when a column lies beyond what the reader gives positions for */
  constructor(reader: CsvReader, header: readonly string[], columns: readonly string[]) {
    this.#reader = reader;
    this.#index = Int32Array.from(columns, (column) => header.indexOf(column));
    if (this.#index.some((index) => index < 0 || index >= MAX_FIELDS)) throw new RangeError('a column is out of reach');
  }

  isEmpty(slot: number): boolean {
    const field = this.#index[slot]!;
    return this.#reader.starts[field] === this.#reader.ends[field];
  }

  number(slot: number): number {
    const field = this.#index[slot]!;
    return parseDecimal(this.#reader.bytes, this.#reader.starts[field]!, this.#reader.ends[field]!);
  }

  time(slot: number, unit: TimeUnit): number {
    const field = this.#index[slot]!;
    return parseTime(this.#reader.bytes, this.#reader.starts[field]!, this.#reader.ends[field]!, unit);
  }

  text(slot: number): string {
    const reader = this.#reader;
    const field = this.#index[slot]!;
    const start = reader.starts[field]!;
    const length = reader.ends[field]! - start;
    if (length === 0) return '';
    if (length > LONGEST_NAME || reader.escaped[field] === 1) return fieldText(reader, field);
    const bytes = reader.bytes;
    let hash = length;
    for (let i = 0; i < length; i++) hash = Math.imul(hash, 31) + bytes[start + i]!;
    hash &= NAMES - 1;
    const known = this.#names[hash]!;
    let i = known.length === length ? 0 : -1;
    while (i >= 0 && i < length) i = known.charCodeAt(i) === bytes[start + i] ? i + 1 : -1;
    if (i === length) return known;
    const text = fieldText(reader, field);
    // Only where characters are bytes, so that the comparison above holds.
    if (text.length === length && Buffer.byteLength(text) === length) this.#names[hash] = text;
    return text;
  }

  texts(slot: number, separator: string | undefined): string[] {
    const text = this.text(slot);
    return separator === undefined ? [text] : text.split(separator);
  }
}

/** Text of field `field` of the row. */
export function fieldText(reader: CsvReader, field: number): string {
  const { bytes } = reader;
  const start = reader.starts[field]!;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, reader.ends[field]! - start).toString('utf8');
  return reader.escaped[field] === 1 ? text.replaceAll('""', '"') : text;
}

const FACTORS = { s: 1_000_000, ms: 1000, us: 1 } as const;

export class NdjsonFields implements Fields {
  readonly #reader: NdjsonReader;
  readonly #columns: readonly string[];

  constructor(reader: NdjsonReader, columns: readonly string[]) {
    this.#reader = reader;
    this.#columns = columns;
  }

  #value(slot: number): unknown {
    const column = this.#columns[slot]!;
    return Object.hasOwn(this.#reader.value, column) ? this.#reader.value[column] : undefined;
  }

  isEmpty(slot: number): boolean {
    const value = this.#value(slot);
    return value === undefined || value === null || value === '';
  }

  number(slot: number): number {
    const value = this.#value(slot);
    if (typeof value === 'number') return value;
    if (typeof value !== 'string') return Number.NaN;
    const bytes = Buffer.from(value);
    return parseDecimal(bytes, 0, bytes.length);
  }

  time(slot: number, unit: TimeUnit): number {
    const value = this.#value(slot);
    if (typeof value === 'number' && unit !== 'iso' && unit !== 'ns' && Number.isInteger(value)) {
      const time = value * FACTORS[unit];
      return time > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : time;
    }
    if (typeof value !== 'string' && typeof value !== 'number') return Number.NaN;
    const bytes = Buffer.from(String(value));
    return parseTime(bytes, 0, bytes.length, unit);
  }

  text(slot: number): string {
    return textOf(this.#value(slot));
  }

  texts(slot: number, separator: string | undefined): string[] {
    const value = this.#value(slot);
    if (Array.isArray(value)) return value.map(textOf);
    const text = textOf(value);
    return separator === undefined ? [text] : text.split(separator);
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
