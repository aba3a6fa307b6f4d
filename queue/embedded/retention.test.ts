/** Retention by time and size, deletions of compacted topics, and that the disk gets its bytes back. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { readdirSync, statSync } from 'node:fs';
import { openEmbeddedQueue, type EmbeddedQueueOptions } from '#queue/embedded';
import type { OutputRecord, Queue } from '../port.ts';
import { aborted, deferred, joinWith, readAll, send, text, valuesOf, within } from '../testing/harness.ts';
import { temporaryDirectory } from '../testing/temporary.ts';

const root = temporaryDirectory();
afterAll(root.remove);
let made = 0;
const fresh = (): string => `${root.path}/${made++}`;

/** A queue by whose clock it is `time.now`, and that cleans up only when told to. */
async function make(options: Partial<EmbeddedQueueOptions> = {}) {
  const time = { now: 1_000 };
  const directory = options.directory ?? fresh();
  const queue = await openEmbeddedQueue({ directory, clock: () => time.now, cleanUpIntervalMs: Infinity, ...options });
  return { queue, time, directory };
}
const sendEach = async (queue: Queue, records: readonly OutputRecord[]): Promise<void> => {
  for (const record of records) await send(queue, [record]);
};
const at = (timestamp: number, value = `${timestamp}`): OutputRecord => ({ topic: 't', value, timestamp });
const bytesOnDisk = (directory: string): number =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(`${directory}/${name}`).blocks * 512, 0);

describe('by time', () => {
  test('the oldest blocks go, up to the first that has a newer record; what is left reads on', async () => {
    const { queue, time } = await make();
    await queue.ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete', retentionMs: 100 }]);
    await send(queue, [at(1_000), at(1_500)]);
    await sendEach(queue, [at(1_010), at(1_600), at(1_020)]);
    time.now = 1_600;
    expect(await queue.enforceRetention()).toMatchObject({ blocks: 0, bytes: 0 });
    time.now = 1_601;
    expect((await queue.enforceRetention()).blocks).toBe(2);
    expect(await queue.offsets('t')).toEqual([{ partition: 0, earliest: 3, end: 5 }]);
    expect(valuesOf(await readAll(queue, { topic: 't' }))).toEqual(['1600', '1020']);
    time.now = 9_999;
    expect((await queue.enforceRetention()).blocks).toBe(2);
    expect(await queue.offsets('t')).toEqual([{ partition: 0, earliest: 5, end: 5 }]);
    expect(await send(queue, [at(9_999)])).toEqual([5]);
    expect(valuesOf(await readAll(queue, { topic: 't' }))).toEqual(['9999']);
    await queue.close();
  });

  test('without a limit nothing goes, a limit may come later, and go again', async () => {
    const { queue, time, directory } = await make();
    const topic = { name: 't', partitions: 1, cleanup: 'delete' } as const;
    await queue.ensureTopics([topic]);
    await sendEach(queue, [at(1), at(2)]);
    time.now = 1e9;
    expect((await queue.enforceRetention()).blocks).toBe(0);
    await queue.ensureTopics([{ ...topic, retentionMs: 10 }]);
    expect(await queue.topics()).toEqual([{ ...topic, retentionMs: 10 }]);
    await queue.close();
    const again = await make({ directory });
    expect(await again.queue.topics()).toEqual([{ ...topic, retentionMs: 10 }]);
    again.time.now = 1e9;
    expect((await again.queue.enforceRetention()).blocks).toBe(2);
    await again.queue.ensureTopics([topic]);
    expect(await again.queue.topics()).toEqual([topic]);
    await again.queue.close();
  });

  test('limits that mean nothing are refused', async () => {
    const { queue } = await make();
    const refused = { code: 'INVALID_REQUEST' };
    await expect(queue.ensureTopics([{ name: 't', partitions: 1, cleanup: 'compact', retentionMs: 1 }])).rejects.toMatchObject(refused);
    await expect(queue.ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete', retentionBytes: -1 }])).rejects.toMatchObject(refused);
    await queue.close();
  });

  test('runs by itself, and beside appends of the same partition', async () => {
    const { queue } = await make({ clock: () => 1e6, cleanUpIntervalMs: 5 });
    await queue.ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete', retentionMs: 10 }]);
    for (let i = 0; i < 100; i++) await send(queue, [at(1, `${i}`)]);
    for (let i = 0; (await queue.offsets('t'))[0]!.earliest < 100 && i < 1_000; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await queue.offsets('t')).toEqual([{ partition: 0, earliest: 100, end: 100 }]);
    await queue.close();
  });
});

test('by size: at least that many bytes stay in each partition, and no whole block more', async () => {
  const { queue } = await make();
  await queue.ensureTopics([{ name: 't', partitions: 2, cleanup: 'delete', retentionBytes: 10_000 }]);
  const value = 'x'.repeat(950);
  await sendEach(queue, Array.from({ length: 50 }, () => ({ topic: 't', value })));
  await sendEach(queue, Array.from({ length: 5 }, () => ({ topic: 't', partition: 1, value })));
  const { blocks, bytes } = await queue.enforceRetention();
  const [first, second] = await queue.offsets('t');
  expect([first!.end - first!.earliest, second!.earliest]).toEqual([10, 0]);
  expect([blocks, bytes]).toEqual([40, 40 * 1_006]);
  await queue.close();
});

test('bytes are counted on across a reopening', async () => {
  const { queue, directory } = await make();
  await queue.ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete', retentionBytes: 2_000 }]);
  const value = 'x'.repeat(950);
  await sendEach(queue, Array.from({ length: 5 }, () => ({ topic: 't', value })));
  await queue.close();
  const again = await make({ directory });
  expect((await again.queue.enforceRetention()).blocks).toBe(3);
  await again.queue.close();
});

test('who stands below the earliest offset hears POSITION_EXPIRED: readers, followers and tasks', async () => {
  const { queue, time } = await make();
  await queue.ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete', retentionMs: 10 }]);
  await sendEach(queue, [at(1_000), at(1_000), at(1_000)]);
  const failed = deferred<unknown>();
  const entered = deferred();
  const { options } = joinWith({ group: 'g', topics: ['t'] }, async (context) => {
    await context.poll({ maxRecords: 1 });
    await context.commit({ offsets: new Map([['t', 1]]) });
    entered.resolve();
    await aborted(context.signal);
  });
  const membership = await queue.join(options);
  await entered.promise;
  await membership.leave();
  const following = queue.read({ topic: 't', from: 'earliest', maxBytes: 1 })[Symbol.asyncIterator]();
  expect((await following.next()).done).toBe(false);
  time.now = 2_000;
  await queue.enforceRetention();
  const expired = { code: 'POSITION_EXPIRED', details: { earliest: 3 } };
  await expect(following.next()).rejects.toMatchObject(expired);
  await expect(readAll(queue, { topic: 't', from: { offsets: new Map([[0, 2]]) } })).rejects.toMatchObject(expired);
  await queue.join({
    ...options,
    createTask: () => ({ run: async (context) => { await context.poll(); } }),
    onFailure: failed.resolve,
  });
  expect(await within(failed.promise, 'the failure')).toMatchObject(expired);
  await queue.close();
});

describe('deletions of a compacted topic', () => {
  const put = (key: string, value: string | null, timestamp?: number) => ({ topic: 'c', key, value, ...(timestamp === undefined ? {} : { timestamp }) });
  const rows = async (queue: Queue) => (await readAll(queue, { topic: 'c' })).map(({ key, value }) => [text(key), text(value)]);
  const topic = { name: 'c', partitions: 1, cleanup: 'compact' } as const;

  test('are there for as long as followers were promised, whatever their timestamps say, then they go', async () => {
    const { queue, time } = await make({ tombstoneRetentionMs: 50 });
    await queue.ensureTopics([topic]);
    await send(queue, [put('a', '1'), put('b', '1'), put('a', null, 7), put('b', null, 9_999)]);
    time.now = 1_049;
    expect((await queue.enforceRetention()).tombstones).toBe(0);
    expect(await rows(queue)).toEqual([['a', null], ['b', null]]);
    time.now = 1_050;
    expect((await queue.enforceRetention()).tombstones).toBe(2);
    expect(await rows(queue)).toEqual([]);
    expect(await queue.offsets('c')).toEqual([{ partition: 0, earliest: 0, end: 4 }]);
    expect(await send(queue, [put('a', '2')])).toEqual([4]);
    expect(await rows(queue)).toEqual([['a', '2']]);
    await queue.close();
  });

  test('a key that was set again stays, and one deleted again waits from then on', async () => {
    const { queue, time } = await make({ tombstoneRetentionMs: 50 });
    await queue.ensureTopics([topic]);
    await send(queue, [put('a', null), put('b', null)]);
    await send(queue, [put('a', 'back')]);
    time.now = 1_040;
    await send(queue, [put('b', null)]);
    time.now = 1_060;
    expect((await queue.enforceRetention()).tombstones).toBe(0);
    expect(await rows(queue)).toEqual([['a', 'back'], ['b', null]]);
    time.now = 1_090;
    expect((await queue.enforceRetention()).tombstones).toBe(1);
    expect(await rows(queue)).toEqual([['a', 'back']]);
    await queue.close();
  });
});

test('reads by time begin at the right record after retention and compaction', async () => {
  const { queue, time } = await make({ tombstoneRetentionMs: 1 });
  await queue.ensureTopics([
    { name: 't', partitions: 1, cleanup: 'delete', retentionMs: 1_000 },
    { name: 'c', partitions: 1, cleanup: 'compact' },
  ]);
  const times = [10, 900, 20, 1_500, 1_200, 1_900, 1_800];
  await sendEach(queue, times.map((timestamp) => at(timestamp)));
  await sendEach(queue, times.map((timestamp, i) => ({ topic: 'c', key: `${i % 4}`, value: i === 4 ? null : `${timestamp}`, timestamp })));
  time.now = 2_000;
  await queue.enforceRetention();
  const from = async (topic: string, when: number) => (await readAll(queue, { topic, from: { time: when } }))[0]?.offset;
  for (let when = 0; when < 2_000; when += 50) {
    // 1,900 has come before what follows: reading begins at the first record of the log that is at or after it.
    const kept = times.map((timestamp, offset) => ({ timestamp, offset }));
    const log = kept.filter(({ offset }) => offset >= 3);
    const table = kept.filter(({ offset }) => [3, 5, 6].includes(offset));
    expect(await from('t', when)).toBe(log.find(({ timestamp }) => timestamp >= when)?.offset);
    expect(await from('c', when)).toBe(table.find(({ timestamp }) => timestamp >= when)?.offset);
  }
  await queue.close();
});

test('the disk gets back what retention took away, at the next opening', async () => {
  const { queue, time, directory } = await make();
  await queue.ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete', retentionMs: 10 }]);
  const value = Buffer.alloc(1_000_000, 'x');
  await sendEach(queue, Array.from({ length: 40 }, () => ({ topic: 't', value, timestamp: 1_000 })));
  await sendEach(queue, [at(2_000, 'kept')]);
  time.now = 2_000;
  await queue.enforceRetention();
  await queue.close();
  const before = bytesOnDisk(directory);
  await (await make({ directory })).queue.close();
  expect(bytesOnDisk(directory)).toBe(before); // Less than the default of 64 MiB is not worth a copy.
  const { queue: again } = await make({ directory, giveBackBytes: 1_000_000 });
  expect(valuesOf(await readAll(again, { topic: 't' }))).toEqual(['kept']);
  expect(await send(again, [at(2_001)])).toEqual([41]);
  await again.close();
  const after = bytesOnDisk(directory);
  expect(before).toBeGreaterThan(40_000_000);
  expect(after).toBeLessThan(200_000);
  const last = await make({ directory });
  expect(valuesOf(await readAll(last.queue, { topic: 't' }))).toEqual(['kept', '2001']);
  await last.queue.close();
});
