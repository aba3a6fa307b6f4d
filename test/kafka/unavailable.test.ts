/** Brokers that are gone, come back, or are there and say nothing. */
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Membership, Queue, TaskContext } from '#queue';
import { openKafkaQueue, type KafkaQueueOptions } from '#queue/kafka';

import { aborted, deferred, eventually, joinWith, readAll, send, valuesOf, within } from '../../queue/testing/harness.ts';
import { judge, startLoad } from './load.ts';
import { describeCluster } from './runner/describe.ts';
import { BrokerProxy } from './runner/proxy.ts';

/** Quick to notice, so that tests need not wait. */
const QUICK = { fetchWaitMs: 100, requestTimeoutMs: 1_500, connectTimeoutMs: 1_000, sessionTimeoutMs: 6_000, takeoverWaitMs: 1_000, deliveryTimeoutMs: 30_000 };
/** Of a call that has a bound of its own: far beyond that, and far below what waits for ever. */
const BOUND_MS = 20_000;

const proxies: BrokerProxy[] = [];
const advertise = async (port: number): Promise<number> => {
  const proxy = await BrokerProxy.open(port);
  proxies.push(proxy);
  return proxy.port;
};

describeCluster('a broker that comes and goes', (cluster) => {
  const queues: Queue[] = [];
  const proxy = (): BrokerProxy => proxies[0]!;
  let topics = 0;

  const open = async (options: Partial<KafkaQueueOptions> = {}): Promise<Queue> => {
    const queue = await openKafkaQueue({ brokers: cluster().bootstrap, ...QUICK, ...options });
    queues.push(queue);
    return queue;
  };
  const topicIn = async (queue: Queue, partitions = 2): Promise<string> => {
    const name = `unavailable-${topics++}`;
    await queue.ensureTopics([{ name, partitions, cleanup: 'delete' }]);
    return name;
  };
  const heal = (): void => {
    proxy().refuse(false);
    proxy().swallow();
    proxy().delay(0);
  };
  /** Gone: nobody listens. Silent: connections are made, and nothing is answered. */
  const FAULTS: [string, () => void][] = [
    ['is gone', () => { proxy().refuse(true); proxy().cut(); }],
    ['is silent', () => { proxy().swallow('requests', 'answers'); }],
  ];

  afterEach(async () => {
    heal();
    await Promise.all(queues.splice(0).map((queue) => queue.close()));
  });
  afterAll(async () => {
    await Promise.all(proxies.map((each) => each.close()));
  });

  test('a restart in mid-load loses, doubles and reorders nothing', async () => {
    const queue = await open({ deliveryTimeoutMs: 120_000 });
    const topic = await topicIn(queue);
    const load = await startLoad(queue, { topic, partitions: 2, concurrency: 4, records: 20 });
    await sleep(300);
    await cluster().brokers[0]!.stop();
    await cluster().brokers[0]!.start();
    const before = load.acknowledged[0]!.size;
    await eventually(() => { expect(load.acknowledged[0]!.size).toBeGreaterThan(before); }, 60_000);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(await judge(await open(), topic, load)).toMatchObject({ lost: [], doubled: [], disordered: [] });
  }, 180_000);

  test.each(FAULTS)('while the broker %s, a send is given up as QUEUE_UNAVAILABLE, and the next one is delivered when it is back', async (_, fault) => {
    // Requests may take longer than a delivery: that must not make a delivery take longer.
    const queue = await open({ deliveryTimeoutMs: 3_000, requestTimeoutMs: 60_000 });
    const topic = await topicIn(queue);
    const producer = await queue.producer();
    await producer.send([{ topic, value: 'before' }]);
    fault();
    await expect(within(producer.send([{ topic, value: 'given up' }]), 'the send is given up', BOUND_MS)).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE', retriable: true });
    heal();
    await eventually(async () => { await producer.send([{ topic, value: 'after' }]); }, BOUND_MS);
    const values = valuesOf(await readAll(await open(), { topic }));
    expect(values[0]).toBe('before');
    expect(values.at(-1)).toBe('after');
  }, 120_000);

  test.each(FAULTS)('while the broker %s, a first send to a topic that is not known yet is given up too', async (_, fault) => {
    const maker = await open();
    const topic = await topicIn(maker);
    const queue = await open({ deliveryTimeoutMs: 3_000 });
    const producer = await queue.producer();
    fault();
    await expect(within(producer.send([{ topic, value: 'x' }]), 'the send is given up', BOUND_MS)).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    await expect(within(queue.offsets(topic), 'offsets are given up', BOUND_MS)).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  }, 120_000);

  test.each(FAULTS)('a queue closes though the broker %s, while it produces, reads and is in a group', async (_, fault) => {
    // As in production: a request may take half a minute, and closing must not wait for it.
    const queue = await open({ requestTimeoutMs: 30_000, deliveryTimeoutMs: 60_000 });
    const topic = await topicIn(queue);
    await send(queue, [{ topic, value: 'first' }]);
    const started = deferred();
    const { options, failures } = joinWith({ group: `${topic}-group`, topics: [topic] }, async (context) => {
      await context.poll();
      started.resolve();
      for (let n = 0; !context.signal.aborted; n++) {
        const [batch] = await context.poll({ maxWaitMs: 50 });
        if (batch) await context.commit({ outputs: [{ topic, value: `out ${n}` }], offsets: new Map([[topic, batch.nextOffset]]) });
      }
    });
    await queue.join(options);
    await within(started.promise, 'the task reads', BOUND_MS);
    const reading = (async (): Promise<void> => {
      for await (const batch of queue.read({ topic, from: 'earliest' })) if (batch.records.length < 0) break;
    })();
    const load = await startLoad(queue, { topic, partitions: 2, concurrency: 2, records: 10 });
    await sleep(500);
    fault();
    await sleep(500);
    const closed = queue.close();
    await within(closed, 'the queue closes', BOUND_MS);
    await within(Promise.all([reading.catch(() => undefined), load.stop()]), 'reader and writers end', BOUND_MS);
    expect(failures).toEqual([]);
  }, 120_000);

  test.each<[string, ('requests' | 'answers')[]]>([
    ['requests', ['requests']],
    ['answers', ['answers']],
    ['both ways', ['requests', 'answers']],
  ])('connections that have become half-open (%s) are noticed and made anew, for writers, readers and groups', async (_, ways) => {
    const queue = await open();
    const topic = await topicIn(queue, 1);
    const output = await topicIn(queue, 1);
    const pass = async (context: TaskContext): Promise<void> => {
      while (!context.signal.aborted) {
        for (const { records, nextOffset } of await context.poll({ maxWaitMs: 50 })) {
          await context.commit({ outputs: records.map(({ value }) => ({ topic: output, value })), offsets: new Map([[topic, nextOffset]]) });
        }
      }
    };
    const { options, failures } = joinWith({ group: `${topic}-group`, topics: [topic] }, pass);
    const membership: Membership = await queue.join(options);
    const read: (string | null)[] = [];
    const stop = new AbortController();
    const reading = (async (): Promise<void> => {
      for await (const { records } of queue.read({ topic: output, from: 'earliest', signal: stop.signal })) read.push(...valuesOf(records));
    })();
    const load = await startLoad(queue, { topic, partitions: 1, concurrency: 2, records: 5 });
    await eventually(() => { expect(read.length).toBeGreaterThan(0); }, BOUND_MS);
    proxy().halfOpen(...ways);
    const before = load.acknowledged[0]!.size;
    await eventually(() => { expect(load.acknowledged[0]!.size).toBeGreaterThan(before); }, BOUND_MS);
    await load.stop();
    expect(load.failures).toEqual([]);
    const all = [...load.acknowledged[0]!].sort(([a], [b]) => a - b).map(([, value]) => value);
    // Once and in order, through the task's transactions, though their answers vanished.
    await eventually(() => { expect(read).toEqual(all); }, 60_000);
    expect(await judge(queue, topic, load)).toMatchObject({ lost: [], doubled: [], disordered: [] });
    stop.abort();
    await reading;
    await membership.leave();
    expect(failures).toEqual([]);
  }, 180_000);

  test('slow connections lose nothing', async () => {
    const queue = await open({ requestTimeoutMs: 10_000 });
    const topic = await topicIn(queue);
    proxy().delay(60);
    const load = await startLoad(queue, { topic, partitions: 2, concurrency: 8, records: 20 });
    await eventually(() => { expect(load.acknowledged[0]!.size).toBeGreaterThan(100); }, BOUND_MS);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(await judge(queue, topic, load)).toMatchObject({ lost: [], doubled: [], disordered: [] });
  }, 60_000);

  test('a task whose broker fell silent does not end in failure, and goes on where it was', async () => {
    const queue = await open();
    const topic = await topicIn(queue, 1);
    const handled: (string | null)[] = [];
    const { options, failures } = joinWith({ group: `${topic}-group`, topics: [topic] }, async (context) => {
      while (!context.signal.aborted) {
        for (const { records, nextOffset } of await context.poll({ maxWaitMs: 50 })) {
          await context.commit({ offsets: new Map([[topic, nextOffset]]) });
          handled.push(...valuesOf(records));
        }
      }
      await aborted(context.signal);
    });
    await queue.join(options);
    await send(queue, [{ topic, value: '1' }]);
    await eventually(() => { expect(handled).toEqual(['1']); }, BOUND_MS);
    proxy().swallow('answers');
    // Longer than the session, so that the group has given the member up.
    await sleep(QUICK.sessionTimeoutMs * 1.5);
    heal();
    await eventually(async () => { await send(queue, [{ topic, value: '2' }]); }, BOUND_MS);
    await eventually(() => { expect(new Set(handled)).toEqual(new Set(['1', '2'])); }, 60_000);
    expect(failures).toEqual([]);
  }, 180_000);

  test('members whose answers take longer than a session join again, as often as it takes, and do not end in failure', async () => {
    const queue = await open({ sessionTimeoutMs: 900, requestTimeoutMs: 10_000 });
    const topic = await topicIn(queue);
    const handled: (string | null)[] = [];
    const handle = async (context: TaskContext): Promise<void> => {
      while (!context.signal.aborted) {
        for (const { records, nextOffset } of await context.poll({ maxWaitMs: 50 })) {
          await context.commit({ offsets: new Map([[topic, nextOffset]]) });
          handled.push(...valuesOf(records));
        }
      }
    };
    const members = [0, 1].map(() => joinWith({ group: `${topic}-group`, topics: [topic] }, handle));
    await Promise.all(members.map(({ options }) => queue.join(options)));
    proxy().delay(700);
    await sleep(8_000);
    heal();
    await send(queue, [{ topic, partition: 0, value: 'a' }, { topic, partition: 1, value: 'b' }]);
    await eventually(() => { expect(new Set(handled)).toEqual(new Set(['a', 'b'])); }, 60_000);
    expect(members.flatMap(({ failures }) => failures)).toEqual([]);
  }, 180_000);
}, { advertise });
