/** Tables and units as all commands print them. */
import Table from 'cli-table3';

export interface Column {
  readonly head: string;
  /** @default left */
  readonly align?: 'left' | 'right';
  /** Characters after which words wrap. @default as wide as the text */
  readonly width?: number;
}

/** A head and rows, without a line between every two rows. */
export function tableOf(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: columns.map(({ head }) => head),
    colWidths: columns.map(({ width }) => width ?? null),
    wordWrap: true,
    colAligns: columns.map(({ align = 'left' }) => align),
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: [], border: [] },
  });
  table.push(...rows.map((row) => row.map(printable)));
  return table.toString();
}

/** Control characters of data must not reach a terminal. */
export const printable = (text: string): string => text.replace(/[^\P{C}\n]/gu, '�');

export const count = (value: number): string => value.toLocaleString('en-US');

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function size(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return power === 0 ? `${bytes} B` : `${(bytes / 1024 ** power).toFixed(1)} ${UNITS[power]!}`;
}

/** Milliseconds as the largest unit that leaves a number above 1. */
export function span(ms: number): string {
  const units: [number, string][] = [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1000, 's']];
  const [unit, name] = units.find(([length]) => ms >= length) ?? [1, 'ms'];
  return `${Math.round((ms / unit) * 10) / 10} ${name}`;
}

/** ISO 8601, UTC, to the second; '–' where there is none. */
export function time(ms: number): string {
  return ms > 0 && ms < 8.64e15 ? new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z') : '–';
}
