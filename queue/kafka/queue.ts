/** The queue as its port describes it, on Kafka. */
import { fail, type TopicSpec } from '#proto';
import { closedError } from '../closed.ts';
import type { GroupOptions, Membership, PartitionDescription, PartitionOffsets, Producer, Queue, ReadOptions, RecordBatch } from '../port.ts';
import { Cluster } from './cluster/cluster.ts';
import { extentsOf } from './consume/offsets.ts';
import { KafkaReading } from './consume/reading.ts';
import { KafkaMembership } from './group/membership.ts';
import { committedOffsets, startTask } from './group/start-task.ts';
import { withDefaults, type KafkaQueueOptions } from './options.ts';
import { KafkaProducer } from './produce/producer.ts';
import { describeTopic, ensureTopics, isCompacted, specsOf } from './topics.ts';
import { prepareCodecs } from './wire/compression.ts';

class KafkaQueue implements Queue {
  readonly #cluster: Cluster;
  readonly #members = new Set<KafkaMembership>();
  readonly #producers = new Set<KafkaProducer>();
  readonly #readings = new Set<KafkaReading>();
  readonly #compacted = new Map<string, boolean>();
  #closing: Promise<void> | undefined;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.#assertOpen();
    await ensureTopics(this.#cluster, specs);
  }

  async topics(): Promise<TopicSpec[]> {
    this.#assertOpen();
    return specsOf(this.#cluster);
  }

  async offsets(topic: string): Promise<PartitionOffsets[]> {
    this.#assertOpen();
    return extentsOf(this.#cluster, topic);
  }

  async describe(topic: string): Promise<PartitionDescription[]> {
    this.#assertOpen();
    return describeTopic(this.#cluster, topic);
  }

  async committed(group: string, topic: string): Promise<ReadonlyMap<number, number>> {
    this.#assertOpen();
    const count = await this.#cluster.retry(`Topic ${topic} is not known`, () => this.#cluster.partitionsOf(topic));
    const partitions = Array.from({ length: count }, (_, partition) => partition);
    const found = (await committedOffsets(this.#cluster, group, [{ topic, partitions }])).get(topic);
    return new Map([...(found ?? [])].map(([partition, { offset }]) => [partition, offset]));
  }

  // The port promises rejections, never throws.
  // eslint-disable-next-line @typescript-eslint/require-await
  async producer(): Promise<Producer> {
    this.#assertOpen();
    const producer = new KafkaProducer(this.#cluster, (closed) => this.#producers.delete(closed));
    this.#producers.add(producer);
    return producer;
  }

  async join(options: GroupOptions): Promise<Membership> {
    this.#assertOpen();
    const partitions = await this.#inputsOf(options);
    const membership = new KafkaMembership({
      cluster: this.#cluster,
      options,
      partitions,
      startTask: (partition, member) => startTask(this.#cluster, options, partition, member),
      onLeft: (left) => this.#members.delete(left),
    });
    this.#members.add(membership);
    await membership.joined;
    return membership;
  }

  read(options: ReadOptions): AsyncIterable<RecordBatch> {
    return {
      [Symbol.asyncIterator]: () => {
        const reading = new KafkaReading(this.#cluster, options, () => this.#isCompacted(options.topic), (ended) => this.#readings.delete(ended));
        if (this.#closing === undefined) this.#readings.add(reading);
        else reading.end(closedError());
        return reading;
      },
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const reading of [...this.#readings]) reading.end();
    await Promise.all([...this.#members].map((member) => member.leave()));
    for (const producer of [...this.#producers]) producer.abort();
    this.#cluster.close();
  }

  /** Partitions of the inputs; TOPIC_MISMATCH unless they have equally many. */
  async #inputsOf({ group, topics }: GroupOptions): Promise<number> {
    const [first] = topics;
    if (first === undefined) throw fail('INVALID_REQUEST', `Group "${group}" has no input.`);
    const counts: number[] = [];
    for (const topic of topics) counts.push(await this.#cluster.retry(`Topic ${topic} is not known`, () => this.#cluster.partitionsOf(topic)));
    const other = counts.findIndex((count) => count !== counts[0]);
    if (other === -1) return counts[0]!;
    throw fail('TOPIC_MISMATCH', `Group "${group}" needs inputs with equally many partitions: "${first}" has ${counts[0]!}, "${topics[other]!}" ${counts[other]!}.`, {
      details: { topic: topics[other]! },
    });
  }

  async #isCompacted(topic: string): Promise<boolean> {
    const known = this.#compacted.get(topic) ?? (await isCompacted(this.#cluster, topic));
    this.#compacted.set(topic, known);
    return known;
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }
}

/** Opens a queue on Kafka brokers. QUEUE_UNAVAILABLE when none of them answers in time, QUEUE_FORBIDDEN when they refuse, QUEUE_UNTRUSTED when TLS does. */
export async function openKafkaQueue(options: KafkaQueueOptions): Promise<Queue> {
  await prepareCodecs();
  const cluster = new Cluster(withDefaults(options));
  try {
    await cluster.connect();
  } catch (error) {
    cluster.close();
    throw error;
  }
  return new KafkaQueue(cluster);
}
