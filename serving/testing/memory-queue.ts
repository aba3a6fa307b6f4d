/** A log in memory, with faults to order. For tests of readers only: no groups, no transactions. */
import { fail, partitionOf, type TopicSpec } from '#proto';
import type { OutputRecord, PartitionDescription, PartitionOffsets, Producer, Queue, QueueRecord, ReadOptions, RecordBatch } from '#queue';

interface Partition {
  earliest: number;
  readonly records: QueueRecord[];
}

export class MemoryQueue implements Queue {
  readonly #topics = new Map<string, { spec: TopicSpec; partitions: Partition[] }>();
  readonly #clock: () => number;
  #wake: (() => void)[] = [];
  #failure: Error | null = null;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  /** Every call and every open reading throws this, until null. */
  failWith(failure: Error | null): void {
    this.#failure = failure;
    this.#notify();
  }

  /** Forgets records before `offset`. */
  trim(topic: string, partition: number, offset: number): void {
    this.#topic(topic).partitions[partition]!.earliest = offset;
  }

  ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    for (const spec of specs) {
      if (this.#topics.has(spec.name)) continue;
      const partitions = Array.from({ length: spec.partitions }, () => ({ earliest: 0, records: [] }));
      this.#topics.set(spec.name, { spec, partitions });
    }
    return Promise.resolve();
  }

  topics(): Promise<TopicSpec[]> {
    return Promise.resolve([...this.#topics.values()].map(({ spec }) => spec));
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async offsets(topic: string): Promise<PartitionOffsets[]> {
    this.#check();
    return this.#topic(topic).partitions.map(({ earliest, records }, partition) => ({ partition, earliest, end: records.length }));
  }

  async describe(topic: string): Promise<PartitionDescription[]> {
    const { partitions } = this.#topic(topic);
    return (await this.offsets(topic)).map((offsets) => {
      const kept = partitions[offsets.partition]!.records.slice(offsets.earliest);
      const bytes = kept.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
      return { ...offsets, records: kept.length, bytes, groups: new Map() };
    });
  }

  committed(): Promise<ReadonlyMap<number, number>> {
    return Promise.resolve(new Map());
  }

  producer(): Promise<Producer> {
    return Promise.resolve({ send: (records) => Promise.resolve(this.append(records)), close: () => Promise.resolve() });
  }

  append(records: readonly OutputRecord[]): number[] {
    const bytes = (value: string | Uint8Array | null): Uint8Array | null => (typeof value === 'string' ? Buffer.from(value) : value);
    const offsets = records.map((record) => {
      const { partitions } = this.#topic(record.topic);
      const key = bytes(record.key ?? null);
      const partition = record.partition ?? (key ? partitionOf(key, partitions.length) : 0);
      const { records: log } = partitions[partition]!;
      const offset = log.length;
      const timestamp = record.timestamp ?? this.#clock();
      log.push({ topic: record.topic, partition, offset, timestamp, key, value: bytes(record.value), headers: record.headers ?? {} });
      return offset;
    });
    this.#notify();
    return offsets;
  }

  join(): never {
    throw new Error('the memory queue has no groups');
  }

  async *read(options: ReadOptions): AsyncGenerator<RecordBatch, void, undefined> {
    const { topic, from, toEnd = false, signal } = options;
    this.#check();
    const { partitions } = this.#topic(topic);
    const wanted = options.partitions ?? partitions.map((_, partition) => partition);
    const next = new Map(wanted.map((partition) => [partition, start(partitions[partition]!, partition, from)]));
    const ends = new Map(wanted.map((partition) => [partition, toEnd ? partitions[partition]!.records.length : Infinity]));
    const aborted = (): boolean => signal?.aborted === true;
    while (!aborted()) {
      let idle = true;
      for (const [partition, offset] of next) {
        const { earliest, records } = partitions[partition]!;
        const end = Math.min(records.length, ends.get(partition)!);
        if (offset >= end) continue;
        if (offset < earliest) throw fail('POSITION_EXPIRED', `offset ${offset} is gone`);
        idle = false;
        next.set(partition, end);
        yield { topic, partition, records: records.slice(offset, end), nextOffset: end, endOffset: records.length };
        this.#check();
        if (aborted()) return;
      }
      if (idle && toEnd) return;
      if (idle) await this.#appended(signal);
      this.#check();
    }
  }

  close(): Promise<void> {
    this.failWith(fail('QUEUE_CLOSED', 'closed'));
    return Promise.resolve();
  }

  #topic(name: string): { spec: TopicSpec; partitions: Partition[] } {
    const topic = this.#topics.get(name);
    if (!topic) throw fail('UNKNOWN_TOPIC', `no topic ${name}`);
    return topic;
  }

  #check(): void {
    if (this.#failure) throw this.#failure;
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }

  async #appended(signal: AbortSignal | undefined): Promise<void> {
    let done = (): void => undefined;
    await new Promise<void>((resolve) => {
      done = () => { resolve(); };
      this.#wake.push(done);
      signal?.addEventListener('abort', done);
    });
    signal?.removeEventListener('abort', done);
  }
}

function start({ earliest, records }: Partition, partition: number, from: ReadOptions['from']): number {
  if (from === 'earliest') return earliest;
  if (from === 'latest') return records.length;
  if ('offsets' in from) return from.offsets.get(partition) ?? earliest;
  const found = records.findIndex((record) => record.offset >= earliest && record.timestamp >= from.time);
  return found === -1 ? records.length : found;
}
