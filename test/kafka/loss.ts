/** The two cases in which kafkajs's own producer loses or doubles acknowledged records, as runs that can be repeated. */
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';

import type { Queue } from '#queue';
import { openKafkaQueue } from '#queue/kafka';

import type { Random } from '../support/random.ts';
import { judge, startLoad, type Load, type Verdict } from './load.ts';
import type { KafkaCluster } from './runner/cluster.ts';
import { API, type BrokerProxy } from './runner/proxy.ts';

export interface LossRun extends Verdict {
  readonly failures: readonly unknown[];
  /** Brokers killed, or answers lost. */
  readonly faults: number;
}

const PARTITIONS = 6;
const BEFORE_MS = 700;

/** @param senders what makes the load. @default ours */
async function underLoad(brokers: readonly string[], topic: string, fault: (load: Load) => Promise<number>, senders?: Pick<Queue, 'producer'>): Promise<LossRun> {
  const queue = await openKafkaQueue({ brokers, fetchWaitMs: 100, connectTimeoutMs: 1_000 });
  try {
    await queue.ensureTopics([{ name: topic, partitions: PARTITIONS, cleanup: 'delete' }]);
    const load = await startLoad(senders ?? queue, { topic, partitions: PARTITIONS, concurrency: 8, records: 60 });
    let faults;
    try {
      await sleep(BEFORE_MS);
      faults = await fault(load);
    } finally {
      await load.stop();
    }
    // With connections of its own: what the writer believes does not count.
    const reader = await openKafkaQueue({ brokers, fetchWaitMs: 100 });
    try {
      return { ...(await judge(reader, topic, load)), failures: load.failures, faults };
    } finally {
      await reader.close();
    }
  } finally {
    await queue.close();
  }
}

const countOf = ({ acknowledged }: Load): number => acknowledged.reduce((sum, { size }) => sum + size, 0);

/** Records were acknowledged after this, in all partitions. */
async function progress(load: Load, timeoutMs = 60_000): Promise<void> {
  const before = load.acknowledged.map(({ size }) => size);
  const deadline = Date.now() + timeoutMs;
  while (load.acknowledged.some(({ size }, i) => size <= before[i]!)) {
    if (Date.now() > deadline) throw new Error(`no progress in ${timeoutMs} ms after ${countOf(load)} records`);
    await sleep(50);
  }
}

/** One of three brokers is killed with -9 in mid-load, and comes back when the others have taken over. */
export function killLeader(cluster: KafkaCluster, topic: string, random: Random): Promise<LossRun> {
  return underLoad(cluster.bootstrap, topic, async (load) => {
    const victim = cluster.brokers[random.whole(0, cluster.brokers.length - 1)]!;
    await victim.kill();
    await progress(load);
    await victim.start();
    await progress(load);
    return 1;
  });
}

/** Answers to Produce are lost after the broker stored the batches: one in three, until there were twelve. */
export async function loseAnswers(cluster: KafkaCluster, proxy: BrokerProxy, topic: string, random: Random, senders?: Pick<Queue, 'producer'>): Promise<LossRun> {
  const before = proxy.lost;
  const lost = (): number => proxy.lost - before;
  try {
    return await underLoad(cluster.bootstrap, topic, async (load) => {
      proxy.loseAnswers((apiKey) => apiKey === API.produce && random.next() < 1 / 3);
      while (lost() < 12) await progress(load);
      proxy.loseAnswers(() => false);
      await progress(load);
      return lost();
    }, senders);
  } finally {
    proxy.loseAnswers(() => false);
  }
}

/** A sender that sends again what it has no answer to, under no number: what the runs above must tell from ours. */
export function carelessSender(brokers: readonly string[]): Pick<Queue, 'producer'> {
  return {
    async producer() {
      const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING, retry: { initialRetryTime: 50, retries: 20 } });
      const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
      await producer.connect();
      return {
        async send(records) {
          const topic = records[0]!.topic;
          const answers = await producer.send({ topic, messages: records.map(({ partition, value }) => ({ partition: partition!, value: value as string })) });
          const next = new Map(answers.map(({ partition, baseOffset }) => [partition, Number(baseOffset)]));
          return records.map(({ partition }) => {
            const offset = next.get(partition!)!;
            next.set(partition!, offset + 1);
            return offset;
          });
        },
        close: () => producer.disconnect(),
      };
    },
  };
}
