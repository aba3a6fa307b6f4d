/** A recording opened for one pass: bytes → rows → fields → ticks or posts. */
import { fail, type Post, type TickColumns } from '#proto';
import { openBytes, type ByteSource } from './bytes.ts';
import { CsvReader } from './csv.ts';
import { compileMapping, type PostOptions, type Problem } from './decode.ts';
import { CsvFields, NdjsonFields, fieldText, type Fields } from './fields.ts';
import type { Mapping } from './mapping.ts';
import { NdjsonReader } from './ndjson.ts';
import { PRESETS, detectMapping, requireColumns, type Layout } from './presets.ts';
import type { RowReader } from './rows.ts';

/** Unless a source has its own. */
export const AUTHOR_SALT = 'foretick';

const OPEN_BRACE = 123;
const SPACE = 32;

export interface Recording {
  readonly totalBytes: number;
  bytesRead(): number;
  /** Moves to the next row in memory; false: `fill`, which is false at the end. */
  next(): boolean;
  /** @throws FILE_UNREADABLE, after every whole row was given */
  fill(): Promise<boolean>;
  /** Decodes the row; see `RowDecoder.decode`. */
  decode(number: number, posts: Post[]): Problem | null;
  /** Receipt time of the row decoded last, NaN where it had none that could be read. */
  receiptTime(): number;
  /** Bytes of the row, valid until `next`. */
  raw(): Uint8Array;
  close(): Promise<void>;
}

/**
 * Opens `file`; its rows are decoded into `ticks`.
 * @throws FILE_UNREADABLE; UNKNOWN_FORMAT when a column of the mapping is not there; CONFIG_INVALID
 */
export async function openRecording(file: string, mapping: Mapping, ticks: TickColumns, options: PostOptions): Promise<Recording> {
  const decoder = compileMapping(mapping, ticks, options);
  const source = await openBytes(file);
  try {
    let reader: RowReader;
    let fields: Fields;
    let ragged: () => string | null = () => null;
    if (mapping.format === 'csv') {
      const csv = new CsvReader(source, mapping.delimiter);
      const header = mapping.columns ?? (await headerOf(csv, file));
      requireColumns(mapping, header);
      reader = csv;
      fields = new CsvFields(csv, header, decoder.columns);
      ragged = () => (csv.fields === header.length ? null : `${csv.fields} fields instead of ${header.length}`);
    } else {
      const json = new NdjsonReader(source, verbatimOf(mapping));
      reader = json;
      fields = new NdjsonFields(json, decoder.columns);
    }
    return recordingOf(source, reader, {
      decode(number, posts) {
        const message = reader.problem ?? ragged();
        return message === null ? decoder.decode(fields, number, ticks, posts) : { code: 'MALFORMED_RECORD', message };
      },
      receiptTime: () => (reader.problem ?? ragged()) === null ? decoder.receiptTime : Number.NaN,
    });
  } catch (error) {
    await source.close();
    throw error;
  }
}

function recordingOf(source: ByteSource, reader: RowReader, rows: Pick<Recording, 'decode' | 'receiptTime'>): Recording {
  return {
    totalBytes: source.totalBytes,
    bytesRead: () => source.bytesRead(),
    next: () => reader.next(),
    fill: () => reader.fill(),
    raw: () => reader.raw(),
    close: () => source.close(),
    ...rows,
  };
}

/** Columns of nanoseconds: JSON numbers would be rounded to 256 ns. */
function verbatimOf({ eventTime, receiptTime }: Mapping): string[] {
  return [eventTime, receiptTime].flatMap((time) => (time?.unit === 'ns' ? [time.column] : []));
}

async function headerOf(reader: CsvReader, file: string): Promise<string[]> {
  while (!reader.next()) if (!(await reader.fill())) throw fail('UNKNOWN_FORMAT', `${file} is empty`);
  if (reader.problem !== null) throw fail('UNKNOWN_FORMAT', `${file}: the header row: ${reader.problem}`);
  return Array.from({ length: Math.min(reader.fields, reader.starts.length) }, (_, i) => fieldText(reader, i).trim());
}

/**
 * What a file shows at its beginning: NDJSON when its first character is a brace, else CSV.
 * @throws FILE_UNREADABLE; UNKNOWN_FORMAT when it is empty
 */
export async function readLayout(file: string): Promise<Layout> {
  const json = await beginsWithBrace(file);
  const source = await openBytes(file);
  try {
    if (!json) return { format: 'csv', columns: await headerOf(new CsvReader(source), file) };
    const reader = new NdjsonReader(source);
    while (!reader.next()) if (!(await reader.fill())) throw fail('UNKNOWN_FORMAT', `${file} is empty`);
    if (reader.problem !== null) throw fail('UNKNOWN_FORMAT', `${file}: the first line: ${reader.problem}`);
    return { format: 'ndjson', columns: Object.keys(reader.value) };
  } finally {
    await source.close();
  }
}

async function beginsWithBrace(file: string): Promise<boolean> {
  const source = await openBytes(file);
  try {
    for (let chunk = await source.next(); chunk !== null; chunk = await source.next()) {
      const first = chunk.find((byte) => byte > SPACE && ![0xef, 0xbb, 0xbf].includes(byte));
      if (first !== undefined) return first === OPEN_BRACE;
    }
    return false;
  } finally {
    await source.close();
  }
}

/** The mapping that fits a file. @throws FILE_UNREADABLE; UNKNOWN_FORMAT */
export async function detectFile(file: string, mappings: readonly Mapping[] = PRESETS): Promise<Mapping> {
  return detectMapping(await readLayout(file), mappings);
}
