import { describe, expect, test } from '@jest/globals';
import { partitionOf } from '#proto';
import type { QueueUnderTest } from './contract.ts';
import { aborted, deferred, eventually, joinWith, readAll, send, text, valuesOf, within } from './harness.ts';

export function logPromises(queue: QueueUnderTest): void {
  describe('topics and records', () => {
    test('ensureTopics creates what is missing and keeps what fits', async () => {
      const a = { name: 'a', partitions: 2, cleanup: 'delete' } as const;
      const b = { name: 'b', partitions: 1, cleanup: 'compact' } as const;
      await queue().ensureTopics([a]);
      await send(queue(), [{ topic: 'a', value: 'kept' }]);
      await queue().ensureTopics([a, b]);
      // A driver may say more of them.
      expect(await queue().topics()).toEqual(expect.arrayContaining([a, b].map((spec): unknown => expect.objectContaining(spec))));
      expect(valuesOf(await readAll(queue(), { topic: 'a' }))).toEqual(['kept']);
    });

    test('ensureTopics refuses other partitions and another clean-up, and then creates nothing', async () => {
      await queue().ensureTopics([{ name: 'a', partitions: 2, cleanup: 'delete' }]);
      const fresh = { name: 'fresh', partitions: 1, cleanup: 'delete' } as const;
      for (const changed of [{ partitions: 3 }, { cleanup: 'compact' as const }]) {
        const specs = [fresh, { name: 'a', partitions: 2, cleanup: 'delete' as const, ...changed }];
        await expect(queue().ensureTopics(specs)).rejects.toMatchObject({ code: 'TOPIC_MISMATCH' });
      }
      await expect(queue().offsets('fresh')).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
    });

    test('a topic that does not exist is UNKNOWN_TOPIC, everywhere', async () => {
      const unknown = { code: 'UNKNOWN_TOPIC' };
      await expect(queue().offsets('none')).rejects.toMatchObject(unknown);
      await expect(queue().committed('g', 'none')).rejects.toMatchObject(unknown);
      await expect(send(queue(), [{ topic: 'none', value: '' }])).rejects.toMatchObject(unknown);
      await expect(readAll(queue(), { topic: 'none' })).rejects.toMatchObject(unknown);
    });

    test('an acknowledged record has an offset, one more than the one before it', async () => {
      await queue().ensureTopics([{ name: 't', partitions: 2, cleanup: 'delete' }]);
      const at = (partition: number) => ({ topic: 't', partition, value: 'x' });
      expect(await send(queue(), [at(0), at(1), at(0), at(0), at(1)])).toEqual([0, 0, 1, 2, 1]);
      expect(await send(queue(), [at(1)])).toEqual([2]);
      expect(await queue().offsets('t')).toEqual([
        { partition: 0, earliest: 0, end: 3 },
        { partition: 1, earliest: 0, end: 3 },
      ]);
      expect(await send(queue(), [])).toEqual([]);
    });

    test('describe counts at least what is there, and knows every group', async () => {
      await queue().ensureTopics([
        { name: 'd', partitions: 2, cleanup: 'delete' },
        { name: 'c', partitions: 1, cleanup: 'compact' },
      ]);
      const [empty] = await queue().describe('d');
      expect(empty).toEqual({ partition: 0, earliest: 0, end: 0, records: 0, bytes: 0, groups: new Map() });
      await send(queue(), [0, 0, 1].map((partition) => ({ topic: 'd', partition, value: 'some bytes' })));
      await send(queue(), ['a', 'b', 'a'].map((key) => ({ topic: 'c', key, value: 'some bytes' })));
      const committed = deferred();
      const { options } = joinWith({ group: 'g', topics: ['d'] }, async (context) => {
        if (context.partition === 0) {
          await context.commit({ offsets: new Map([['d', 1]]) });
          committed.resolve();
        }
        await aborted(context.signal);
      });
      const membership = await queue().join(options);
      await within(committed.promise, 'a commit');
      await eventually(async () => {
        const [first] = await queue().describe('d');
        expect(first).toMatchObject({ partition: 0, earliest: 0, end: 2, records: 2, groups: new Map([['g', 1]]) });
      });
      const [first, second] = await queue().describe('d');
      expect(second).toMatchObject({ partition: 1, end: 1, records: 1, groups: new Map() });
      expect(first!.bytes).toBeGreaterThanOrEqual(20);
      const [compacted] = await queue().describe('c');
      expect(compacted!.end).toBe(3);
      expect([2, 3]).toContain(compacted!.records);
      await expect(queue().describe('none')).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
      await membership.leave();
    });

    test('records of one partition are read in the order in which they were acknowledged', async () => {
      await queue().ensureTopics([{ name: 't', partitions: 3, cleanup: 'delete' }]);
      const producer = await queue().producer();
      const sent = await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          const partition = i % 3;
          return { partition, value: `${i}`, offset: (await producer.send([{ topic: 't', partition, value: `${i}` }]))[0]! };
        }),
      );
      for (const partition of [0, 1, 2]) {
        const records = await readAll(queue(), { topic: 't', partitions: [partition] });
        const mine = sent.filter((record) => record.partition === partition);
        expect(records.map(({ offset }) => offset)).toEqual(mine.map(({ offset }) => offset).sort((x, y) => x - y));
        expect(valuesOf(records)).toEqual(mine.map(({ value }) => value));
      }
    });

    test('keys, headers, tombstones, empty and large values come back as they were', async () => {
      await queue().ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete' }]);
      const large = Buffer.alloc(3 * 1024 * 1024, 'large');
      const headers = { 'content-type': 'application/json', schema: 'Ünïcode/1', empty: '' };
      await send(queue(), [
        { topic: 't', key: 'käse', value: 'text', headers, timestamp: 1_000 },
        { topic: 't', key: Uint8Array.of(0, 255, 128), value: Uint8Array.of(0, 1, 255), timestamp: 900 },
        { topic: 't', key: '', value: null },
        { topic: 't', value: '' },
        { topic: 't', key: null, value: large, headers: { ...headers } },
      ]);
      const [first, second, third, fourth, fifth] = await readAll(queue(), { topic: 't' });
      expect(first).toMatchObject({ topic: 't', partition: 0, offset: 0, timestamp: 1_000, headers });
      expect([text(first!.key), text(first!.value)]).toEqual(['käse', 'text']);
      expect([[...second!.key!], [...second!.value!], second!.timestamp]).toEqual([[0, 255, 128], [0, 1, 255], 900]);
      expect([third!.key!.length, third!.value, third!.headers]).toEqual([0, null, {}]);
      expect([fourth!.key, fourth!.value!.length]).toEqual([null, 0]);
      expect([Buffer.compare(fifth!.value!, large), fifth!.headers]).toEqual([0, headers]);
    });

    test('a record without a timestamp gets the time of appending', async () => {
      await queue().ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete' }]);
      const before = Date.now();
      await send(queue(), [{ topic: 't', value: 'x' }]);
      const [record] = await readAll(queue(), { topic: 't' });
      expect(record!.timestamp).toBeGreaterThanOrEqual(before);
      expect(record!.timestamp).toBeLessThanOrEqual(Date.now());
    });

    test('a key goes to the partition that murmur2 gives it, whether text or bytes', async () => {
      await queue().ensureTopics([{ name: 't', partitions: 7, cleanup: 'delete' }]);
      const keys = Array.from({ length: 40 }, (_, i) => `yahoo:SYM${i}`);
      await send(queue(), keys.flatMap((key) => [
        { topic: 't', key, value: key },
        { topic: 't', key: Buffer.from(key), value: key },
      ]));
      const records = await readAll(queue(), { topic: 't' });
      expect(records).toHaveLength(80);
      for (const { key, partition } of records) expect(partition).toBe(partitionOf(text(key)!, 7));
    });

    test('one record that is refused keeps back all records of its send', async () => {
      await queue().ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete' }]);
      const good = { topic: 't', value: 'good' };
      await expect(send(queue(), [good, { topic: 't', partition: 9, value: 'bad' }])).rejects.toThrow();
      await expect(send(queue(), [good, { topic: 't', value: Buffer.alloc(64 * 1024 * 1024) }])).rejects.toMatchObject({
        code: 'RECORD_TOO_LARGE',
      });
      expect(await readAll(queue(), { topic: 't' })).toEqual([]);
    });

    test('closing twice is safe, and what is used afterwards says QUEUE_CLOSED', async () => {
      await queue().ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete' }]);
      const producer = await queue().producer();
      await Promise.all([queue().close(), queue().close()]);
      await queue().close();
      const closed = { code: 'QUEUE_CLOSED' };
      await expect(producer.send([{ topic: 't', value: 'x' }])).rejects.toMatchObject(closed);
      await expect(queue().topics()).rejects.toMatchObject(closed);
      await expect(queue().producer()).rejects.toMatchObject(closed);
      await expect(readAll(queue(), { topic: 't' })).rejects.toMatchObject(closed);
    });
  });
}
