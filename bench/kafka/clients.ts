/** The same work by our driver and by bare kafkajs: produce batches to every partition at once, and read everything back. */
import { Kafka, Partitioners, logLevel } from 'kafkajs';

import { openKafkaQueue } from '#queue/kafka';

import { startUsage, type Usage } from '../usage.ts';

export interface RecordWork {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly partitions: number;
  /** Records in all. */
  readonly count: number;
  /** Records of one call. */
  readonly batch: number;
  /** Bytes of one value. */
  readonly bytes: number;
}

export type ClientName = 'ours' | 'kafkajs';

/** Settings that make kafkajs fast, see docs/benchmarks.md. */
const KAFKAJS_READ = { maxWaitTimeInMs: 100, maxBytesPerPartition: 4 * 1024 * 1024, maxBytes: 16 * 1024 * 1024 };

const partitionsOf = ({ partitions }: RecordWork): number[] => Array.from({ length: partitions }, (_, partition) => partition);

export function kafkajsClient(brokers: readonly string[]): Kafka {
  return new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
}

export async function produce(client: ClientName, work: RecordWork): Promise<Usage> {
  const { brokers, topic, count, batch, bytes, partitions } = work;
  const value = Buffer.alloc(bytes, 'x');
  const calls = Math.ceil(count / partitions / batch);
  const everywhere = async (send: (partition: number) => Promise<unknown>): Promise<Usage> => {
    const usage = startUsage();
    await Promise.all(
      partitionsOf(work).map(async (partition) => {
        for (let i = 0; i < calls; i++) await send(partition);
      }),
    );
    return usage();
  };
  if (client === 'ours') {
    const queue = await openKafkaQueue({ brokers });
    const producer = await queue.producer();
    const used = await everywhere((partition) => producer.send(Array.from({ length: batch }, () => ({ topic, partition, value }))));
    await queue.close();
    return used;
  }
  const producer = kafkajsClient(brokers).producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const used = await everywhere((partition) => producer.send({ topic, messages: Array.from({ length: batch }, () => ({ partition, value })) }));
  await producer.disconnect();
  return used;
}

/** Reads `work.count` records from the beginning. */
export async function consume(client: ClientName, work: RecordWork, onBatch: (values: readonly (Uint8Array | null)[]) => void = () => undefined): Promise<Usage> {
  return client === 'ours' ? consumeOurs(work, onBatch) : consumeKafkajs(work, onBatch);
}

async function consumeOurs({ brokers, topic, count }: RecordWork, onBatch: (values: readonly (Uint8Array | null)[]) => void): Promise<Usage> {
  const queue = await openKafkaQueue({ brokers });
  const usage = startUsage();
  let seen = 0;
  for await (const { records } of queue.read({ topic, from: 'earliest' })) {
    onBatch(records.map(({ value }) => value));
    seen += records.length;
    if (seen >= count) break;
  }
  const used = usage();
  await queue.close();
  return used;
}

async function consumeKafkajs({ brokers, topic, count, partitions }: RecordWork, onBatch: (values: readonly (Uint8Array | null)[]) => void): Promise<Usage> {
  const consumer = kafkajsClient(brokers).consumer({ groupId: `bench-${process.pid}-${Math.random()}`, ...KAFKAJS_READ });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let usage: (() => Usage) | undefined;
  const joined = new Promise<void>((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, () => {
      // Joining a group is no part of reading.
      usage = startUsage();
      resolve();
    });
  });
  let seen = 0;
  await new Promise<void>((resolve, reject) => {
    const eachBatch = ({ batch }: { batch: { messages: { value: Buffer | null }[] } }): Promise<void> => {
      onBatch(batch.messages.map(({ value }) => value));
      seen += batch.messages.length;
      if (seen >= count) resolve();
      return Promise.resolve();
    };
    consumer.run({ autoCommit: false, partitionsConsumedConcurrently: partitions, eachBatch }).catch(reject);
  });
  await joined;
  const used = usage!();
  await consumer.disconnect();
  return used;
}
