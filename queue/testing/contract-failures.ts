import { describe, expect, test } from '@jest/globals';
import { consume } from '../consumer.ts';
import type { QueueUnderTest } from './contract.ts';
import { aborted, deferred, joinWith, passing, send, valuesOf, within } from './harness.ts';

export function failurePromises(queue: QueueUnderTest): void {
  const make = (partitions = 1) => queue().ensureTopics([{ name: 'in', partitions, cleanup: 'delete' }]);
  const fill = (topic: string, count: number) =>
    send(queue(), Array.from({ length: count }, (_, i) => ({ topic, partition: 0, value: `${topic}${i}` })));

  describe('failures of tasks', () => {
    test('after a retriable error a fresh task goes on from the last commit', async () => {
      await make();
      await fill('in', 4);
      const starts: unknown[] = [];
      const retries: unknown[] = [];
      const done = deferred();
      const { options, failures } = joinWith({ group: 'g', topics: ['in'] }, async (context) => {
        starts.push(context.committed.get('in'));
        await context.commit({ offsets: new Map([['in', starts.length]]) });
        if (starts.length < 3) throw passing();
        done.resolve();
        await aborted(context.signal);
      });
      await queue().join({ ...options, onRetry: (error) => retries.push(error) });
      await within(done.promise, 'the third run');
      expect(starts).toEqual([undefined, 1, 2]);
      expect([retries.length, failures]).toEqual([2, []]);
    });

    test('any other error is reported once, and the member has left', async () => {
      await make(2);
      const failed = deferred<[unknown, number]>();
      const stopped: number[] = [];
      const other = deferred();
      const membership = await queue().join({
        group: 'g',
        topics: ['in'],
        onFailure: (error, partition) => { failed.resolve([error, partition]); },
        createTask: (partition) => ({
          run: async (context) => {
            if (partition === 1) {
              await other.promise;
              throw new TypeError('broken');
            }
            other.resolve();
            await aborted(context.signal);
            stopped.push(partition);
          },
        }),
      });
      const [error, partition] = await within(failed.promise, 'the failure');
      expect([(error as Error).message, partition, stopped]).toEqual(['broken', 1, [0]]);
      expect(membership.assignment()).toEqual([]);
    });

    test('a plain consumer sees a batch again until its handler has resolved', async () => {
      await make();
      await fill('in', 3);
      const calls: (string | null)[][] = [];
      const done = deferred();
      const membership = await consume(queue(), {
        group: 'g',
        topics: ['in'],
        onFailure: done.reject,
        handler: async ({ records }, { signal }) => {
          expect(signal.aborted).toBe(false);
          calls.push(valuesOf(records));
          expect((await queue().committed('g', 'in')).size).toBe(0);
          if (calls.length < 3) throw passing();
          done.resolve();
        },
      });
      await within(done.promise, 'the third call');
      await membership.leave();
      expect(calls).toEqual([['in0', 'in1', 'in2'], ['in0', 'in1', 'in2'], ['in0', 'in1', 'in2']]);
      expect(await queue().committed('g', 'in')).toEqual(new Map([[0, 3]]));
    });
  });
}
