/** What a benchmark gives, and the table it is printed as. */
import { median, short } from './stats.ts';

export interface Aim {
  readonly limit: number;
  /** Whether the value should be at most or at least the limit. */
  readonly is: 'at most' | 'at least';
  /** What is held against the limit, when it is not the row's value. */
  readonly value?: number;
}

export interface Row {
  readonly name: string;
  readonly unit: string;
  /** One for each repetition; the table shows their median. */
  readonly values: readonly number[];
  /** The same work as a rate: events, records or starts a second of wall time. */
  readonly perSecond?: readonly number[];
  /** A number and what it is relative to: `3.1 × bare loop`. */
  readonly ratio?: string;
  readonly aim?: Aim;
  readonly note?: string;
  /** More figures, for the JSON. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** A part of the report; `skipped` says why it has no rows. */
export interface Section {
  readonly name: string;
  readonly title: string;
  readonly rows: readonly Row[];
  readonly skipped?: string;
}

export function met(row: Row): boolean | undefined {
  if (!row.aim) return undefined;
  const value = row.aim.value ?? median(row.values);
  return row.aim.is === 'at most' ? value <= row.aim.limit : value >= row.aim.limit;
}

function verdict(row: Row): string {
  if (!row.aim) return '';
  return `${row.aim.is === 'at most' ? '≤' : '≥'} ${row.aim.limit} ${met(row) === true ? 'met' : 'MISSED'}`;
}

const HEAD = ['', 'median', '[min – max]', 'a second', 'ratio', 'aim'];

/** `judged`: whether aims are held against the figures. */
export function printSection(section: Section, judged: boolean, write: (text: string) => void): void {
  write(`\n${section.title}\n`);
  if (section.skipped !== undefined) write(`  skipped: ${section.skipped}\n`);
  if (section.rows.length === 0) return;
  const lines = [
    HEAD,
    ...section.rows.map((row) => [
      row.name,
      `${short(median(row.values))} ${row.unit}`,
      row.values.length < 2 ? '' : `[${short(Math.min(...row.values))} – ${short(Math.max(...row.values))}]`,
      row.perSecond ? short(median(row.perSecond)) : '',
      row.ratio ?? '',
      judged ? verdict(row) : '',
    ]),
  ];
  const widths = HEAD.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  for (const line of lines) {
    write(`  ${line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('   ').trimEnd()}\n`);
  }
  for (const { name, note } of section.rows) if (note !== undefined) write(`  ${name}: ${note}\n`);
}
