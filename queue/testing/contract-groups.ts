import { describe, expect, test } from '@jest/globals';
import { consume } from '../consumer.ts';
import type { RecordBatch, TaskContext } from '../port.ts';
import type { QueueUnderTest } from './contract.ts';
import { aborted, deferred, eventually, joinWith, readAll, send, valuesOf, within } from './harness.ts';

export function groupPromises(queue: QueueUnderTest): void {
  const make = (partitions = 1) =>
    queue().ensureTopics([
      { name: 'in', partitions, cleanup: 'delete' },
      { name: 'in2', partitions, cleanup: 'delete' },
      { name: 'out', partitions: 1, cleanup: 'delete' },
    ]);
  const fill = (topic: string, count: number, partition = 0) =>
    send(queue(), Array.from({ length: count }, (_, i) => ({ topic, partition, value: `${topic}${i}` })));
  const committed = (expected: ReadonlyMap<number, number>) =>
    eventually(async () => { expect(await queue().committed('g', 'in')).toEqual(expected); });
  /** Joins and answers the context of the one task, which waits until it is aborted. */
  const enter = async (group: string, topics = ['in']) => {
    const entered = deferred<TaskContext>();
    const { options, failures } = joinWith({ group, topics }, async (context) => {
      entered.resolve(context);
      await aborted(context.signal);
    });
    const membership = await queue().join(options);
    return { membership, failures, context: await within(entered.promise, 'the task') };
  };
  const pollAll = async (context: TaskContext, count: number, maxRecords = 1000) => {
    const batches: RecordBatch[] = [];
    for (let got = 0; got < count; ) {
      const more = await context.poll({ maxRecords });
      batches.push(...more);
      for (const { records } of more) got += records.length;
    }
    return batches;
  };

  describe('groups', () => {
    test('every partition has its own task, and its own place', async () => {
      await make(3);
      for (const partition of [0, 1, 2]) await fill('in', 4, partition);
      const seen = new Map<number, number>();
      const done = deferred();
      const { options } = joinWith({ group: 'g', topics: ['in'] }, async (context) => {
        const batches = await pollAll(context, 4);
        for (const { partition, records } of batches) seen.set(partition, (seen.get(partition) ?? 0) + records.length);
        await context.commit({ offsets: new Map([['in', 4]]) });
        if (seen.size === 3) done.resolve();
        await aborted(context.signal);
      });
      const membership = await queue().join(options);
      await within(done.promise, 'all partitions');
      expect(membership.assignment().sort()).toEqual([0, 1, 2]);
      await membership.leave();
      expect(membership.assignment()).toEqual([]);
      expect(seen).toEqual(new Map([[0, 4], [1, 4], [2, 4]]));
      await committed(new Map([[0, 4], [1, 4], [2, 4]]));
    });

    test('inputs that are not partitioned alike are refused', async () => {
      await make(2);
      const { options } = joinWith({ group: 'g', topics: ['in', 'out'] }, () => Promise.resolve());
      await expect(queue().join(options)).rejects.toMatchObject({ code: 'TOPIC_MISMATCH' });
    });

    test('outputs and offsets become visible together', async () => {
      await make();
      await fill('in', 3);
      const { context, membership } = await enter('g');
      const [batch] = await pollAll(context, 3);
      expect(await readAll(queue(), { topic: 'out' })).toEqual([]);
      await context.commit({ outputs: [{ topic: 'out', value: 'o' }], offsets: new Map([['in', batch!.nextOffset]]), metadata: 'note' });
      await eventually(async () => { expect(valuesOf(await readAll(queue(), { topic: 'out' }))).toEqual(['o']); });
      await committed(new Map([[0, 3]]));
      await membership.leave();
      const again = await enter('g');
      expect(again.context.committed).toEqual(new Map([['in', 3]]));
      expect(again.context.metadata).toBe('note');
      await again.context.commit({ offsets: new Map([['in', 3]]) });
      await again.membership.leave();
      expect((await enter('g')).context.metadata).toBe('note');
    });

    test('a commit that is refused changes nothing', async () => {
      await make();
      await fill('in', 3);
      const { context } = await enter('g');
      const good = { topic: 'out', value: 'o' };
      const offsets = new Map([['in', 3]]);
      await expect(context.commit({ outputs: [good, { topic: 'none', value: '' }], offsets })).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
      await expect(context.commit({ outputs: [good], offsets: new Map([['out', 1]]) })).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
      await expect(context.commit({ outputs: [good], offsets: new Map([['in', -1]]) })).rejects.toThrow();
      expect(await readAll(queue(), { topic: 'out' })).toEqual([]);
      expect(await queue().committed('g', 'in')).toEqual(new Map());
    });

    test('leave drains: the task may commit after its signal aborted, and no more once it has returned', async () => {
      await make();
      const entered = deferred<TaskContext>();
      const { options } = joinWith({ group: 'g', topics: ['in'] }, async (context) => {
        entered.resolve(context);
        await aborted(context.signal);
        await context.commit({ offsets: new Map([['in', 7]]) });
      });
      const membership = await queue().join(options);
      const context = await entered.promise;
      await membership.leave();
      await membership.leave();
      expect(context.signal.reason).toMatchObject({ code: 'SHUTTING_DOWN' });
      await committed(new Map([[0, 7]]));
      await expect(context.commit({ offsets: new Map([['in', 8]]) })).rejects.toMatchObject({ code: 'FENCED' });
    });

    test('abort wakes a poll that waits', async () => {
      await make();
      const { context, membership } = await enter('g');
      const answer = context.poll({ maxWaitMs: 60_000 });
      void membership.leave();
      expect(await within(answer, 'the poll')).toEqual([]);
    });

    test('a record wakes a poll that waits; without one it answers in time', async () => {
      await make();
      const { context } = await enter('g');
      expect(await context.poll({ maxWaitMs: 0 })).toEqual([]);
      expect(await within(context.poll({ maxWaitMs: 30 }), 'the empty poll')).toEqual([]);
      const answer = context.poll({ maxWaitMs: 60_000 });
      await fill('in', 1);
      expect(valuesOf((await within(answer, 'the poll'))[0]!.records)).toEqual(['in0']);
    });

    test('poll keeps to maxRecords, shares it among topics, and leaves topics alone that are not asked for', async () => {
      await make();
      await fill('in', 500);
      await fill('in2', 5);
      const { context } = await enter('g', ['in', 'in2']);
      const both = await pollAll(context, 20, 20);
      expect(new Set(both.map(({ topic }) => topic))).toEqual(new Set(['in', 'in2']));
      expect(both.reduce((sum, { records }) => sum + records.length, 0)).toBeLessThanOrEqual(40);
      await fill('in2', 2);
      for (const { topic } of await context.poll({ topics: ['in'], maxRecords: 10 })) expect(topic).toBe('in');
      const rest = await pollAll(context, 1);
      for (const { records } of [...both, ...rest]) expect(records.length).toBeGreaterThan(0);
    });

    test('seek moves the place of one topic', async () => {
      await make();
      await fill('in', 10);
      const { context } = await enter('g');
      await pollAll(context, 10);
      context.seek('in', 4);
      expect((await pollAll(context, 6))[0]!.records[0]!.offset).toBe(4);
    });

    test('without a committed offset a task starts where the group says', async () => {
      await make();
      await fill('in', 3);
      const values = deferred<(string | null)[]>();
      const { options } = joinWith({ group: 'g', topics: ['in'], start: 'latest' }, async (context) => {
        const ready = context.poll({ maxWaitMs: 20_000 });
        await fill('in2', 1);
        await send(queue(), [{ topic: 'in', value: 'new' }]);
        values.resolve((await ready).flatMap(({ records }) => valuesOf(records)));
        await aborted(context.signal);
      });
      await queue().join(options);
      expect(await within(values.promise, 'the new record')).toEqual(['new']);
    });

    test('a slow partition holds back only itself', async () => {
      await make(2);
      await fill('in', 50, 0);
      await fill('in', 50, 1);
      const stuck = deferred();
      const fast = deferred();
      let handled = 0;
      const membership = await consume(queue(), {
        group: 'g',
        topics: ['in'],
        maxRecords: 5,
        onFailure: fast.reject,
        handler: async ({ partition, records }) => {
          if (partition === 0) await stuck.promise;
          else if ((handled += records.length) === 50) fast.resolve();
        },
      });
      await within(fast.promise, 'the fast partition');
      expect((await queue().committed('g', 'in')).get(0)).toBeUndefined();
      stuck.resolve();
      await membership.leave();
    });
  });
}
