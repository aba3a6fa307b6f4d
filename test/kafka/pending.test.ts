/** Transactions of others that are under way: a task does not begin before them, and a reading that asks for it does not end before them. */
import { expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';

import { openKafkaQueue } from '#queue/kafka';

import { send, text, within } from '../../queue/testing/harness.ts';
import { describeKafka } from './runner/describe.ts';

const { Kafka, logLevel } = kafkajs;

describeKafka('transactions under way', ({ brokers, fresh }) => {
  /** One of a client that is not ours, begun and not ended. */
  async function transactionOf(id: string): Promise<{ transaction: kafkajs.Transaction; end: () => Promise<void> }> {
    const kafka = new Kafka({ brokers: [...brokers()], logLevel: logLevel.NOTHING });
    const producer = kafka.producer({ transactionalId: id, maxInFlightRequests: 1, idempotent: true, createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    return { transaction: await producer.transaction(), end: () => producer.disconnect() };
  }

  test.each(['commit', 'abort'] as const)('a task begins where the transaction before it is left by its %s, and not before', async (outcome) => {
    const queue = await openKafkaQueue({ brokers: brokers() });
    const topic = `${fresh()}pending`;
    const group = `${topic}-group`;
    await queue.ensureTopics([{ name: topic, partitions: 1, cleanup: 'delete' }]);
    await send(queue, Array.from({ length: 10 }, (_, i) => ({ topic, partition: 0, value: `v${i}` })));
    // The group's coordinator is there from here on: kafkajs does not wait for it.
    await queue.committed(group, topic);
    const { transaction, end } = await transactionOf(`${topic}-theirs`);
    await transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions: [{ partition: 0, offset: '7' }] }] });
    let begun: number | null | undefined;
    const membership = await queue.join({
      group,
      topics: [topic],
      createTask: () => ({
        run: async ({ committed, signal }) => {
          begun = committed.get(topic) ?? null;
          await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve(); }); });
        },
      }),
      onFailure: (error) => { throw error; },
    });
    await sleep(1500);
    expect(begun).toBeUndefined();
    await transaction[outcome]();
    await within((async () => { while (begun === undefined) await sleep(20); })(), 'the task begins', 30_000);
    expect(begun).toBe(outcome === 'commit' ? 7 : null);
    await membership.leave();
    await end();
    await queue.close();
  }, 120_000);

  test('a reading to a settled end waits for what is being committed before what is', async () => {
    const queue = await openKafkaQueue({ brokers: brokers(), fetchWaitMs: 100 });
    const topic = `${fresh()}settled`;
    await queue.ensureTopics([{ name: topic, partitions: 1, cleanup: 'delete' }]);
    const { transaction, end } = await transactionOf(`${topic}-theirs`);
    await transaction.send({ topic, messages: [{ value: 'theirs', partition: 0 }] });
    await send(queue, [{ topic, partition: 0, value: 'ours' }]);
    const read = async (settled: boolean): Promise<(string | null)[]> => {
      const found: (string | null)[] = [];
      for await (const { records } of queue.read({ topic, from: 'earliest', toEnd: true, settled })) found.push(...records.map(({ value }) => text(value)));
      return found;
    };
    expect(await read(false)).toEqual([]);
    let done = false;
    const reading = read(true).finally(() => { done = true; });
    await sleep(1000);
    expect(done).toBe(false);
    await transaction.abort();
    expect(await within(reading, 'the reading ends', 30_000)).toEqual(['ours']);
    await end();
    await queue.close();
  }, 120_000);
});
