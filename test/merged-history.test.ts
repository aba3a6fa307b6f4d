/** History of several partitions, in chunks: stopped, gone on with, and when retention has taken some of it meanwhile. */
import { afterAll, expect, test } from '@jest/globals';

import { copyMergedHistory } from '#app';
import { CONTENT_ARROW, SCHEMA, TickKind, decodeTicks, encodeTicksArrow, headersOf, ticksOf, topicLayout, type TickRow } from '#proto';
import type { Queue } from '#queue';
import { openEmbeddedQueue } from '#queue/embedded';

import { scratchDirectory } from './support/recording.ts';

const scratch = scratchDirectory();
afterAll(() => { scratch.remove(); });

const T0 = 1_750_000_000_000_000;
const ROWS = 4096;
const RECORDS = 6;
const FROM = topicLayout({ prefix: 'h', inputs: 2, shards: 1 });
const INTO = topicLayout({ prefix: 'h', inputs: 1, shards: 1 });

/** Records that alternate between two partitions, and a queue whose clock is given. */
async function recorded(name: string): Promise<{ queue: Awaited<ReturnType<typeof openEmbeddedQueue>>; time: { now: number } }> {
  const time = { now: 1_000 };
  const queue = await openEmbeddedQueue({ directory: `${scratch.path}/${name}`, clock: () => time.now, cleanUpIntervalMs: Infinity });
  await queue.ensureTopics(FROM.specs({ retentionMs: 100 }));
  const producer = await queue.producer();
  for (let record = 0; record < RECORDS; record++) {
    const rows = Array.from({ length: ROWS }, (_, i): TickRow => {
      const at = T0 + (record * ROWS + i) * 1000;
      return { kind: TickKind.QUOTE, instrument: `x:${record % 2}`, eventTime: at, receiptTime: at, sequence: record * ROWS + i, bid: 1, ask: 2, bidSize: 1, askSize: 1 };
    });
    const value = encodeTicksArrow(ticksOf('h', rows), null);
    await producer.send([{ topic: FROM.name('quotes'), partition: record % 2, value, headers: headersOf(CONTENT_ARROW, SCHEMA.tick), timestamp: 1_000 + record }]);
  }
  await producer.close();
  return { queue, time };
}

const copy = (from: Queue, into: Queue, signal: AbortSignal): Promise<void> => copyMergedHistory({ from, into, layout: INTO, span: { from: 0, to: Infinity }, signal, maxLatenessUs: 60e6 });

async function sequences(queue: Queue): Promise<number[]> {
  const found: number[] = [];
  for await (const { records } of queue.read({ topic: INTO.name('quotes'), from: 'earliest', toEnd: true })) {
    for (const record of records) {
      const { length, sequence, kind } = decodeTicks(record);
      for (let i = 0; i < length; i++) if (kind[i] === TickKind.QUOTE) found.push(sequence[i]!);
    }
  }
  return found;
}

test('stopped and gone on with, each row is there once, in the order of receipt', async () => {
  const { queue: from } = await recorded('a');
  const into = await openEmbeddedQueue({ directory: `${scratch.path}/a-into` });
  await into.ensureTopics(INTO.specs());
  await copy(from, into, AbortSignal.abort());
  const begun = await sequences(into);
  expect(begun.length).toBeGreaterThan(0);
  expect(begun.length).toBeLessThan(ROWS * RECORDS);
  await copy(from, into, new AbortController().signal);
  expect(await sequences(into)).toEqual(Array.from({ length: ROWS * RECORDS }, (_, i) => i));
  await Promise.all([from.close(), into.close()]);
}, 60_000);

test('what retention took while it was stopped is an error, not a hole', async () => {
  const { queue: from, time } = await recorded('b');
  const into = await openEmbeddedQueue({ directory: `${scratch.path}/b-into` });
  await into.ensureTopics(INTO.specs());
  await copy(from, into, AbortSignal.abort());
  time.now = 1_000 + 100 + 2;
  expect((await from.enforceRetention()).blocks).toBeGreaterThan(0);
  await expect(copy(from, into, new AbortController().signal)).rejects.toMatchObject({ code: 'POSITION_EXPIRED' });
  await Promise.all([from.close(), into.close()]);
}, 60_000);
