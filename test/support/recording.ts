/** The shipped recording, whole and in parts, and directories for what tests write. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** Of the checkout, from the source and from what is built of it. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/dist\/$/, '');
export const RECORDING = join(ROOT, 'examples/recordings/binance_spot_l1_trades_20250325.csv.gz');
export const INSTRUMENTS = ['binance:BTC-USDT', 'binance:ETH-USDT', 'binance:SOL-USDT'] as const;

export interface Scratch {
  readonly path: string;
  readonly remove: () => void;
}

export function scratchDirectory(): Scratch {
  const path = mkdtempSync(join(tmpdir(), 'foretick-test-'));
  return { path, remove: () => { rmSync(path, { recursive: true, force: true }); } };
}

/** Lines of the recording: the header, then its rows. */
export function recordingLines(): { header: string; rows: string[] } {
  const [header, ...rows] = gunzipSync(readFileSync(RECORDING)).toString().trimEnd().split('\n');
  return { header: header!, rows };
}

/** Writes a CSV of the first `count` rows. Returns its path. */
export function cutRecording(directory: string, count: number): string {
  const { header, rows } = recordingLines();
  return writeRows(join(directory, `first-${count}.csv`), header, rows.slice(0, count));
}

export function writeRows(file: string, header: string, rows: readonly string[]): string {
  writeFileSync(file, `${header}\n${rows.join('\n')}\n`);
  return file;
}
