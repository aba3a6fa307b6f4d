import { afterAll, expect, test } from '@jest/globals';
import { join } from 'node:path';

import { Cursor, fail, topicLayout } from '#proto';
import type { Queue } from '#queue';
import { openEmbeddedQueue } from '#queue/embedded';

import { cursorReader } from './cursors.ts';
import { cursorRecord } from './publish.ts';
import { scratch } from './testing/files.ts';

const files = scratch();
afterAll(() => {
  files.remove();
});

const layout = topicLayout({ prefix: 'foretick', inputs: 4, shards: 1 });

test('who asks while others are answered shares one pass, which begins after the asking', async () => {
  const queue = await openEmbeddedQueue({ directory: join(files.directory, 'queue') });
  await queue.ensureTopics(layout.specs());
  const producer = await queue.producer();
  const move = (instrument: string, receiptTimeUs: number): Promise<unknown> => producer.send([cursorRecord(layout, Cursor.fromPartial({ source: 's', instrument, receiptTimeUs }))]);
  for (let i = 0; i < 30; i++) await move(`v:${i % 10}`, 1000 + i);
  let passes = 0;
  let broken = false;
  const counting: Pick<Queue, 'read'> = {
    read: (options) => {
      passes++;
      if (broken) throw fail('QUEUE_UNAVAILABLE', 'nobody answers');
      return queue.read(options);
    },
  };
  const read = cursorReader(counting as Queue, layout, 's');
  const times = async (...instruments: string[]): Promise<(readonly [string, number])[]> => [...(await read(instruments))].map(([instrument, { receiptTimeUs }]) => [instrument, receiptTimeUs] as const);

  const first = times('v:0');
  await Promise.resolve();
  await Promise.resolve();
  const others = Array.from({ length: 9 }, (_, i) => times(`v:${i + 1}`, 'v:unknown'));
  expect(await first).toEqual([['v:0', 1020]]);
  expect(await Promise.all(others)).toEqual(Array.from({ length: 9 }, (_, i) => [[`v:${i + 1}`, 1021 + i]]));
  expect(passes).toBe(2);

  await move('v:3', 5000);
  expect(await times('v:3')).toEqual([['v:3', 5000]]);
  expect(await times()).toEqual([]);
  expect(passes).toBe(3);

  // One that fails is told to those it was for, and to nobody after.
  broken = true;
  await expect(read(['v:1'])).rejects.toThrow('nobody answers');
  broken = false;
  expect(await times('v:1')).toEqual([['v:1', 1021]]);
  await queue.close();
});
