import { describe, expect, test } from '@jest/globals';
import type { QueueRecord } from '../port.ts';
import { loadTable } from '../table.ts';
import type { QueueUnderTest } from './contract.ts';
import { deferred, readAll, send, text, valuesOf, within } from './harness.ts';

export function readPromises(queue: QueueUnderTest): void {
  const make = (partitions = 1, cleanup: 'delete' | 'compact' = 'delete') =>
    queue().ensureTopics([{ name: 't', partitions, cleanup }]);
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({ topic: 't', value: `${from + i}` }));

  describe('reading without a group', () => {
    test('toEnd ends where the log ended when reading began', async () => {
      await make();
      await send(queue(), numbers(0, 5));
      const values: (string | null)[] = [];
      for await (const batch of queue().read({ topic: 't', from: 'earliest', toEnd: true })) {
        await send(queue(), numbers(100, 105));
        values.push(...valuesOf(batch.records));
      }
      expect(values).toEqual(['0', '1', '2', '3', '4']);
      expect(await readAll(queue(), { topic: 't', from: 'latest' })).toEqual([]);
    });

    test('a compacted topic read to its end misses no key that is rewritten meanwhile', async () => {
      await make(1, 'compact');
      await send(queue(), ['a', 'b'].map((key) => ({ topic: 't', key, value: `${key}1` })));
      const reading = queue().read({ topic: 't', from: 'earliest', toEnd: true })[Symbol.asyncIterator]();
      await send(queue(), [{ topic: 't', key: 'a', value: 'a2' }]);
      const values: (string | null)[] = [];
      for (let turn = await reading.next(); turn.done !== true; turn = await reading.next()) {
        values.push(...valuesOf(turn.value.records));
      }
      expect(values.filter((value) => value !== 'a1')).toEqual(['b1', 'a2']);
    });

    test('goes on where a batch said, without gap or repeat', async () => {
      await make();
      await send(queue(), numbers(0, 3000));
      const seen: (string | null)[] = [];
      for (let next = 0, end = 1; next < end; ) {
        for await (const batch of queue().read({ topic: 't', from: { offsets: new Map([[0, next]]) }, maxBytes: 500 })) {
          seen.push(...valuesOf(batch.records));
          next = batch.nextOffset;
          end = batch.endOffset;
          break;
        }
      }
      expect(seen).toEqual(numbers(0, 3000).map(({ value }) => value));
    });

    test('starts at the first record at or after a time, though times go back and forth', async () => {
      await make();
      const times = [10, 20, 15, 30, 5, 40];
      for (const timestamp of times) await send(queue(), [{ topic: 't', value: `${timestamp}`, timestamp }]);
      const from = async (time: number) => (await readAll(queue(), { topic: 't', from: { time } }))[0]?.offset;
      expect(await from(0)).toBe(0);
      expect(await from(16)).toBe(1);
      expect(await from(20)).toBe(1);
      expect(await from(21)).toBe(3);
      expect(await from(40)).toBe(5);
      expect(await from(41)).toBeUndefined();
    });

    test('from the latest, sees what comes and nothing that was', async () => {
      await make();
      await send(queue(), numbers(0, 3));
      const reading = queue().read({ topic: 't', from: 'latest' })[Symbol.asyncIterator]();
      const answer = deferred<readonly QueueRecord[]>();
      let waiting = true;
      void reading.next().then((result) => {
        waiting = false;
        answer.resolve(result.done === true ? [] : result.value.records);
      }, answer.reject);
      // A driver may need a while to find the end: records are sent until one arrives.
      for (let i = 3; waiting; i++) {
        await send(queue(), numbers(i, i + 1));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const records = await within(answer.promise, 'the first new record');
      expect(Number(text(records[0]!.value))).toBeGreaterThanOrEqual(3);
      await reading.return?.();
    });

    test('follows: a record sent later arrives without asking again', async () => {
      await make(2);
      const reading = queue().read({ topic: 't', from: 'earliest' })[Symbol.asyncIterator]();
      for (const partition of [1, 0, 1]) {
        const next = reading.next();
        await send(queue(), [{ topic: 't', partition, value: `p${partition}` }]);
        const result = await within(next, 'the record');
        expect(result.done === true ? [] : valuesOf(result.value.records)).toEqual([`p${partition}`]);
      }
      await reading.return?.();
    });

    test('ends without an error when its signal aborts, when returned and when the queue closes', async () => {
      await make();
      const controller = new AbortController();
      const end = { done: true, value: undefined };
      const byAbort = queue().read({ topic: 't', from: 'earliest', signal: controller.signal })[Symbol.asyncIterator]();
      const byReturn = queue().read({ topic: 't', from: 'earliest' })[Symbol.asyncIterator]();
      const byClose = queue().read({ topic: 't', from: 'earliest' })[Symbol.asyncIterator]();
      const [first, second, third] = [byAbort.next(), byReturn.next(), byClose.next()];
      controller.abort();
      expect(await within(first, 'the end by abort')).toEqual(end);
      expect(await byAbort.next()).toEqual(end);
      await byReturn.return?.();
      expect(await within(second, 'the end by return')).toEqual(end);
      await queue().close();
      expect(await within(third, 'the end by close')).toEqual(end);
    });

    test('a reader that is slow holds nobody back and its batches stay within maxBytes', async () => {
      await make(2);
      const value = 'x'.repeat(1000);
      await send(queue(), Array.from({ length: 400 }, (_, i) => ({ topic: 't', partition: i % 2, value })));
      const slow = queue().read({ topic: 't', from: 'earliest', maxBytes: 10_000 })[Symbol.asyncIterator]();
      const first = await slow.next();
      expect(await readAll(queue(), { topic: 't' })).toHaveLength(400);
      expect(first.done === true ? 0 : first.value.records.length).toBeLessThanOrEqual(10);
      await slow.return?.();
    });

    test('a position that is no longer kept is POSITION_EXPIRED, for readers and tasks; the end stays where it was', async () => {
      await queue().ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete', retentionMs: 1_000 }]);
      const long = Date.now() - 3_600_000;
      await send(queue(), numbers(0, 5).map((record) => ({ ...record, timestamp: long })));
      for (let tries = 0; (await queue().offsets('t'))[0]!.earliest < 5; tries++) {
        if (tries > 600) throw new Error('Retention has taken nothing away.');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const expired = { code: 'POSITION_EXPIRED' };
      await expect(readAll(queue(), { topic: 't', from: { offsets: new Map([[0, 4]]) } })).rejects.toMatchObject(expired);
      const failed = deferred<unknown>();
      await queue().join({
        group: 'g',
        topics: ['t'],
        onFailure: failed.resolve,
        createTask: () => ({
          run: async (context) => {
            context.seek('t', 4);
            for (;;) await context.poll();
          },
        }),
      });
      expect(await within(failed.promise, 'the failure')).toMatchObject(expired);
      expect(await send(queue(), numbers(5, 6))).toEqual([5]);
      expect(valuesOf(await readAll(queue(), { topic: 't' }))).toEqual(['5']);
    });

    test('timers run while a long backlog is read', async () => {
      await make();
      for (let i = 0; i < 20; i++) await send(queue(), numbers(i * 2000, i * 2000 + 2000));
      let ticks = 0;
      const timer = setInterval(() => ticks++, 1);
      let batches = 0;
      for await (const { records } of queue().read({ topic: 't', from: 'earliest', toEnd: true, maxBytes: 1000 })) {
        if (records.length > 0) batches++;
      }
      clearInterval(timer);
      expect(batches).toBeGreaterThan(100);
      expect(ticks).toBeGreaterThan(2);
    });
  });

  describe('compacted topics', () => {
    const put = (key: string, value: string | null) => ({ topic: 't', key, value });

    test('the newest record of every key is always there, in the order of the log', async () => {
      await make(1, 'compact');
      await send(queue(), [put('a', '1'), put('b', '1'), put('a', '2')]);
      await send(queue(), [put('c', '1'), put('b', null), put('a', '3')]);
      const newest = new Map((await readAll(queue(), { topic: 't' })).map(({ key, value }) => [text(key), text(value)]));
      expect(newest).toEqual(new Map([['a', '3'], ['b', null], ['c', '1']]));
    });

    test('a table is loaded to the end, then follows; a tombstone is a null value', async () => {
      await make(3, 'compact');
      await send(queue(), [put('a', '1'), put('b', '1'), put('c', '1'), put('a', '2')]);
      const rows = new Map<string | null, string | null>();
      const stop = new AbortController();
      let changed = deferred();
      const table = loadTable(queue(), {
        topic: 't',
        signal: stop.signal,
        onRecord: ({ key, value }) => {
          rows.set(text(key), text(value));
          changed.resolve();
        },
      });
      await within(table.ready, 'ready');
      expect(rows).toEqual(new Map([['a', '2'], ['b', '1'], ['c', '1']]));
      for (const [key, value] of [['b', '2'], ['a', null], ['d', '1']] as const) {
        changed = deferred();
        await send(queue(), [put(key, value)]);
        await within(changed.promise, `the change of ${key}`);
        expect(rows.get(key)).toBe(value);
      }
      stop.abort();
      await within(table.ended, 'the end');
    });

    test('a table whose handler fails says so, once loaded and while loading', async () => {
      await make(1, 'compact');
      await send(queue(), [put('a', '1')]);
      const { signal } = new AbortController();
      const onRecord = () => { throw new Error('no'); };
      const table = loadTable(queue(), { topic: 't', signal, onRecord });
      await expect(table.ready).rejects.toThrow('no');
      await expect(table.ended).rejects.toThrow('no');
    });
  });
}
