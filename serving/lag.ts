/** How far each consumer group is behind, partition by partition: in records, and in seconds. */
import { TOPICS, type TopicLayout, type TopicName } from '#proto';
import type { Queue } from '#queue';

/** Groups that should be there though they may have committed nothing yet, and what they read. */
export type ExpectedGroups = ReadonlyMap<string, readonly TopicName[]>;

export interface PartitionLag {
  readonly group: string;
  readonly topic: TopicName;
  readonly partition: number;
  /** Null: nothing was committed yet, so that it begins with the oldest record. */
  readonly committed: number | null;
  readonly end: number;
  /** Offsets between the two; 0 where no record is among them. */
  readonly records: number;
  /** How long the oldest record that is not committed has waited, by its timestamp. */
  readonly seconds: number;
}

type Reads = Pick<Queue, 'topics' | 'describe' | 'read'>;

/** Records looked up at once. */
const PARALLEL = 8;

/** By group, topic and partition. Topics that do not exist yet are left out. */
export async function groupLags(queue: Reads, layout: TopicLayout, expected: ExpectedGroups = new Map(), clock: () => number = Date.now): Promise<PartitionLag[]> {
  const existing = new Set((await queue.topics()).map(({ name }) => name));
  const places: (Omit<PartitionLag, 'records' | 'seconds'> & { readonly next: number })[] = [];
  for (const topic of Object.keys(TOPICS) as TopicName[]) {
    if (!existing.has(layout.name(topic))) continue;
    const partitions = await queue.describe(layout.name(topic));
    const groups = new Set(partitions.flatMap(({ groups: own }) => [...own.keys()]));
    for (const [group, topics] of expected) if (topics.includes(topic)) groups.add(group);
    for (const group of groups) {
      for (const { partition, earliest, end, groups: own } of partitions) {
        const committed = own.get(group) ?? null;
        places.push({ group, topic, partition, committed, end, next: Math.max(earliest, committed ?? earliest) });
      }
    }
  }
  const waiting = new Map<string, Promise<number | null>>();
  const lags: PartitionLag[] = [];
  for (let at = 0; at < places.length; at += PARALLEL) {
    lags.push(
      ...(await Promise.all(
        places.slice(at, at + PARALLEL).map(async ({ next, ...place }): Promise<PartitionLag> => {
          if (next >= place.end) return { ...place, records: 0, seconds: 0 };
          const key = `${place.topic}/${place.partition}/${next}`;
          const found = waiting.get(key) ?? firstTimestamp(queue, layout.name(place.topic), place.partition, next);
          waiting.set(key, found);
          const timestamp = await found;
          if (timestamp === null) return { ...place, records: 0, seconds: 0 };
          return { ...place, records: place.end - next, seconds: Math.max(0, (clock() - timestamp) / 1000) };
        }),
      )),
    );
  }
  return lags.sort((a, b) => compare(a.group, b.group) || compare(a.topic, b.topic) || a.partition - b.partition);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Null: only gaps are left, or marks of transactions. */
async function firstTimestamp(queue: Reads, topic: string, partition: number, offset: number): Promise<number | null> {
  for await (const { records } of queue.read({ topic, partitions: [partition], from: { offsets: new Map([[partition, offset]]) }, toEnd: true, maxBytes: 1 })) {
    if (records[0]) return records[0].timestamp;
  }
  return null;
}
