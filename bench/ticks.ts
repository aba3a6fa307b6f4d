/**
 * The ticks that all throughput benchmarks read: records of `quotes` as a collector writes them, Arrow batches of
 * 4,096 rows of one instrument. Decoded once from the recording, or made up, and kept in `bench/.cache`.
 */
import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

import { CONTENT_ARROW, SCHEMA, TickKind, createTicks, encodeTicksArrow, headersOf, type TickColumns } from '#proto';

import { CACHE, SHARED_TICKS } from './paths.ts';

export const TICK_HEADERS = headersOf(CONTENT_ARROW, SCHEMA.tick);
const BATCH_ROWS = 4096;
const INSTRUMENT = 'fxcm:EUR-USD';
/** Of the cached form. */
const VERSION = 1;

export interface TickRecords {
  /** Where they are from, in words. */
  readonly origin: string;
  readonly ticks: number;
  /** Values of records; each begins at a multiple of eight, so that Arrow reads it in place. */
  readonly values: readonly Uint8Array[];
}

/** What readers in other processes need to find the same ticks. */
export interface TickFile {
  readonly path: string;
  readonly origin: string;
  readonly ticks: number;
}

/** Makes the cached file when it is not there yet. */
export async function prepareTicks(count: number): Promise<TickFile> {
  const recorded = existsSync(SHARED_TICKS);
  const origin = recorded
    ? 'EURUSD of FXCM, May 2014 (recorded)'
    : 'MADE UP: a random walk shaped like EURUSD, because the recording is not there';
  const path = join(CACHE, `${recorded ? 'eurusd' : 'made-up'}-${count}-v${VERSION}.bin`);
  const file = { path, origin, ticks: count };
  if (existsSync(path)) return file;
  mkdirSync(CACHE, { recursive: true });
  const parts: Uint8Array[] = [];
  const batch = createTicks(BATCH_ROWS, 'bench', [INSTRUMENT]);
  let taken = 0;
  const flush = (): void => {
    if (batch.length === 0) return;
    const value = encodeTicksArrow(batch, null);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(value.length);
    parts.push(head, value, Buffer.alloc(-value.length & 7));
    batch.length = 0;
  };
  for await (const [time, bid, ask] of recorded ? recordedQuotes() : madeUpQuotes()) {
    if (taken === count) break;
    add(batch, taken++, time, bid, ask);
    if (batch.length === BATCH_ROWS) flush();
  }
  flush();
  if (taken < count) throw new Error(`${SHARED_TICKS} has ${taken} ticks, ${count} were asked for`);
  writeFileSync(`${path}.new`, Buffer.concat(parts));
  renameSync(`${path}.new`, path);
  return file;
}

function add(batch: TickColumns, sequence: number, timeMs: number, bid: number, ask: number): void {
  const i = batch.length++;
  batch.kind[i] = TickKind.QUOTE;
  batch.instrument[i] = 0;
  batch.eventTime[i] = timeMs * 1000;
  batch.receiptTime[i] = timeMs * 1000;
  batch.sequence[i] = sequence;
  batch.bid[i] = bid;
  batch.ask[i] = ask;
}

type Quote = readonly [timeMs: number, bid: number, ask: number];

async function* recordedQuotes(): AsyncGenerator<Quote> {
  const lines = createInterface({ input: createReadStream(SHARED_TICKS).pipe(createGunzip()) });
  let header = true;
  for await (const line of lines) {
    if (!header) {
      const [time, bid, ask] = line.split(',');
      yield [Number(time), Number(bid), Number(ask)];
    }
    header = false;
  }
}

/** Gaps of half a second to four seconds, steps of a tenth of a pip, a spread of one to three tenths. */
function* madeUpQuotes(): Generator<Quote> {
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  let time = 1398920401787;
  let price = 138727;
  for (;;) {
    time += 1 + Math.floor(4600 * random() * random());
    price += Math.floor(3 * random()) - 1;
    yield [time, price / 1e5, (price + 1 + Math.floor(3 * random())) / 1e5];
  }
}

export function loadTicks({ path, origin, ticks }: TickFile): TickRecords {
  const bytes = readFileSync(path);
  const values: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    values.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length + (-length & 7);
  }
  return { origin, ticks, values };
}
