/** The embedded log beside the store it is made of: append with fsync, follow, and how fast a record reaches a reader. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { OutputRecord, Queue } from '#queue';
import { openEmbeddedQueue } from '#queue/embedded';
import { open, type RootDatabase } from 'lmdb';

import { quantile } from './stats.ts';

export interface LogSize {
  /** Records of one commit. */
  readonly batch: number;
  readonly commits: number;
  readonly latencies: number;
}

export interface LogRun {
  readonly queue: Side;
  readonly lmdb: Side;
  /** Produce to read in one process, milliseconds; none when they were not asked for. */
  readonly latency: { readonly p50: number; readonly p99: number } | null;
}

/** Records a second; milliseconds of a commit. */
export interface Side {
  readonly append: number;
  readonly commitP50: number;
  readonly commitP99: number;
  readonly follow: number;
}

const BYTES = 200;
const TOPIC = 'bench.log.v1';
/** Commits of one side before the other has its turn: what disturbs the disk then disturbs both. */
const TURN = 20;

export async function appendAndFollow({ batch, commits, latencies }: LogSize): Promise<LogRun> {
  const directory = mkdtempSync(join(tmpdir(), 'foretick-bench-'));
  const queue = await openEmbeddedQueue({ directory: join(directory, 'queue') });
  const lmdb = open<Buffer, Uint8Array>({
    path: join(directory, 'bare.mdb'),
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    cache: false,
    overlappingSync: false,
  });
  try {
    await queue.ensureTopics([{ name: TOPIC, partitions: 1, cleanup: 'delete' }]);
    const values = Array.from({ length: batch }, (_, i) => Buffer.alloc(BYTES, i));
    const records = values.map((value): OutputRecord => ({ topic: TOPIC, partition: 0, value }));
    const producer = await queue.producer();
    const times = { queue: [] as number[], lmdb: [] as number[] };
    for (let done = 0; done < commits; done += TURN) {
      for (let i = 0; i < TURN; i++) times.queue.push(await clocked(() => producer.send(records)));
      for (let i = 0; i < TURN; i++) times.lmdb.push(await clocked(() => { putBlock(lmdb, done + i, values); }));
    }
    const follow = { queue: await followQueue(queue), lmdb: scan(lmdb) };
    const latency = latencies === 0 ? null : await produceToRead(queue, latencies);
    const side = (name: 'queue' | 'lmdb'): Side => ({
      append: (1e3 * batch * times[name].length) / times[name].reduce((sum, ms) => sum + ms, 0),
      commitP50: quantile(times[name], 0.5),
      commitP99: quantile(times[name], 0.99),
      follow: follow[name],
    });
    return { queue: side('queue'), lmdb: side('lmdb'), latency };
  } finally {
    await queue.close();
    await lmdb.close();
    rmSync(directory, { recursive: true });
  }
}

async function clocked(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** One value for each batch, durable when this returns. */
function putBlock(db: RootDatabase<Buffer, Uint8Array>, number: number, values: readonly Buffer[]): void {
  const block = Buffer.concat(values);
  const key = Buffer.alloc(8);
  key.writeUInt32BE(number, 4);
  db.transactionSync(() => void db.put(key, block));
}

/** Records a second; reads a byte of each. */
async function followQueue(queue: Queue): Promise<number> {
  const started = performance.now();
  let records = 0;
  let sum = 0;
  for await (const batch of queue.read({ topic: TOPIC, from: 'earliest', toEnd: true })) {
    for (const { value } of batch.records) sum += value![0]!;
    records += batch.records.length;
  }
  return rate(records, started, sum);
}

function scan(db: RootDatabase<Buffer, Uint8Array>): number {
  const started = performance.now();
  let records = 0;
  let sum = 0;
  for (const { value } of db.getRange()) {
    for (let at = 0; at < value.length; at += BYTES) {
      sum += value.subarray(at, at + BYTES)[0]!;
      records++;
    }
  }
  return rate(records, started, sum);
}

function rate(records: number, started: number, sum: number): number {
  if (Number.isNaN(sum)) throw new Error('nothing was read');
  return (1e3 * records) / (performance.now() - started);
}

/** From before `send` until a following reader has the record, one at a time. */
async function produceToRead(queue: Queue, count: number): Promise<{ p50: number; p99: number }> {
  const producer = await queue.producer();
  const reading = queue.read({ topic: TOPIC, from: 'latest' })[Symbol.asyncIterator]();
  const times: number[] = [];
  const value = Buffer.alloc(BYTES);
  for (let i = 0; i < count; i++) {
    const next = reading.next();
    const started = performance.now();
    const sent = producer.send([{ topic: TOPIC, partition: 0, value }]);
    await next;
    times.push(performance.now() - started);
    await sent;
  }
  await reading.return?.();
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}
