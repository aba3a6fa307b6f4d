/** Any CSV or NDJSON file as rows of named columns, plain or gzip: for tools that read tables, not ticks. */
import { fail } from '#proto';
import { openBytes } from './bytes.ts';
import { CsvReader, MAX_FIELDS } from './csv.ts';
import { CsvFields, NdjsonFields, type Fields } from './fields.ts';
import { NdjsonReader } from './ndjson.ts';
import { readLayout } from './recording.ts';

export interface TableRow {
  /** From 1, the header row not counted. */
  readonly number: number;
  isEmpty(column: number): boolean;
  /** NaN when it is no number. */
  value(column: number): number;
  text(column: number): string;
}

/**
 * Reads a table once; `start` is told the columns (of the first row, for NDJSON) and answers what each row is given to. The row is
 * reused.
 * @returns rows read
 * @throws FILE_UNREADABLE, UNKNOWN_FORMAT, MALFORMED_RECORD with file and row number, and whatever `start` or its answer throw
 */
export async function scanTable(file: string, start: (columns: readonly string[]) => (row: TableRow) => void): Promise<number> {
  const { format, columns } = await readLayout(file);
  if (columns.length > MAX_FIELDS) throw fail('UNKNOWN_FORMAT', `${file} has ${columns.length} columns; ${MAX_FIELDS} can be read`);
  const repeated = columns.find((name, i) => columns.indexOf(name) !== i);
  if (repeated !== undefined) throw fail('UNKNOWN_FORMAT', `${file} has two columns named '${repeated}'`);
  const take = start(columns);
  const source = await openBytes(file);
  try {
    const csv = format === 'csv' ? new CsvReader(source) : null;
    const json = csv ? null : new NdjsonReader(source);
    const reader = csv ?? json!;
    const fields: Fields = csv ? new CsvFields(csv, columns, columns) : new NdjsonFields(json!, columns);
    let number = csv ? -1 : 0;
    const row = {
      number,
      isEmpty: (column: number) => fields.isEmpty(column),
      value: (column: number) => fields.number(column),
      text: (column: number) => fields.text(column),
    };
    do {
      while (reader.next()) {
        number += 1;
        if (csv && number === 0) continue;
        const problem = reader.problem ?? (csv && csv.fields !== columns.length ? `${csv.fields} fields instead of ${columns.length}` : null);
        if (problem !== null) throw fail('MALFORMED_RECORD', `${file}: row ${number}: ${problem}`);
        row.number = number;
        take(row);
      }
    } while (await reader.fill());
    return Math.max(0, number);
  } finally {
    await source.close();
  }
}
