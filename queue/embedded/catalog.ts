/** What the store holds: its format, the topics, and how far each partition reaches. Kept in memory too. */
import { fail, type TopicSpec } from '#proto';
import { decodeNumber, encodeNumbers, metaKey, partitionKey, topicKey, topicKeysEnd } from './keys.ts';
import { Notifier } from './notifier.ts';
import type { Reader, Store, Writer } from './store.ts';

/** Version of everything in `keys.ts`. */
const FORMAT = 1;
const MOST_TOPICS = 0xffff;
const MOST_PARTITIONS = 0xffff;

export interface Extent {
  /** Oldest offset kept. */
  readonly earliest: number;
  /** Offset the next record gets. */
  readonly end: number;
  /** Newest timestamp so far; 0 before the first record. */
  readonly maxTime: number;
}

/** One partition. `extent` is that of the last commit; only the log's writer sets it. */
export interface Partition {
  readonly topic: Topic;
  readonly index: number;
  readonly appended: Notifier;
  extent: Extent;
}

export interface Topic {
  readonly id: number;
  readonly spec: TopicSpec;
  readonly compacted: boolean;
  readonly partitions: readonly Partition[];
}

const EMPTY: Extent = { earliest: 0, end: 0, maxTime: 0 };

export function writeExtent(writer: Writer, partition: Partition, extent: Extent): void {
  const value = encodeNumbers(extent.earliest, extent.end, extent.maxTime);
  writer.put(partitionKey(partition.topic.id, partition.index), value);
}

export function readExtent(reader: Reader, topicId: number, index: number): Extent {
  const value = reader.get(partitionKey(topicId, index));
  if (value === undefined) return EMPTY;
  return { earliest: decodeNumber(value, 0), end: decodeNumber(value, 1), maxTime: decodeNumber(value, 2) };
}

interface StoredTopic {
  readonly id: number;
  readonly partitions: number;
  readonly cleanup: TopicSpec['cleanup'];
}

export class Catalog {
  readonly #store: Store;
  readonly #topics = new Map<string, Topic>();

  /** Opens a store, new or of this format; UNSUPPORTED_SCHEMA for another, with nothing changed. */
  constructor(store: Store) {
    this.#store = store;
    const format = store.get(metaKey('format'));
    if (format === undefined) store.transaction((writer) => { writer.put(metaKey('format'), encodeNumbers(FORMAT)); });
    else if (decodeNumber(format) !== FORMAT) {
      throw fail('UNSUPPORTED_SCHEMA', `The data directory is of format ${decodeNumber(format)}; this version reads ${FORMAT}.`);
    }
    const first = topicKey('');
    for (const { key, value } of store.range(first, topicKeysEnd())) {
      const name = Buffer.from(key).toString('utf8', first.length);
      this.#add(name, JSON.parse(value.toString()) as StoredTopic);
    }
  }

  get(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic !== undefined) return topic;
    const known = [...this.#topics.keys()].join(', ') || 'none yet';
    throw fail('UNKNOWN_TOPIC', `There is no topic "${name}". Topics: ${known}.`, { details: { topic: name } });
  }

  specs(): TopicSpec[] {
    return [...this.#topics.values()].map(({ spec }) => spec);
  }

  /** Creates what is missing, or nothing when one of them does not fit what exists. */
  ensure(specs: readonly TopicSpec[]): void {
    const missing = new Map<string, StoredTopic>();
    for (const { name, partitions, cleanup } of specs) {
      checkSpec(name, partitions);
      const there = this.#topics.get(name)?.spec ?? missing.get(name);
      if (there === undefined) missing.set(name, { id: this.#topics.size + missing.size, partitions, cleanup });
      else if (there.partitions !== partitions || there.cleanup !== cleanup) {
        throw fail(
          'TOPIC_MISMATCH',
          `Topic "${name}" has ${there.partitions} partitions and clean-up "${there.cleanup}", not ${partitions} and "${cleanup}".`,
          { details: { topic: name } },
        );
      }
    }
    if (missing.size === 0) return;
    if (this.#topics.size + missing.size > MOST_TOPICS) throw fail('INVALID_REQUEST', `More than ${MOST_TOPICS} topics.`);
    this.#store.transaction((writer) => {
      for (const [name, topic] of missing) writer.put(topicKey(name), Buffer.from(JSON.stringify(topic)));
    });
    for (const [name, topic] of missing) this.#add(name, topic);
  }

  /** Takes the extents from the store again, after a commit of which nobody knows whether it happened. */
  refresh(): void {
    for (const topic of this.#topics.values()) {
      for (const partition of topic.partitions) partition.extent = readExtent(this.#store, topic.id, partition.index);
    }
  }

  #add(name: string, { id, partitions, cleanup }: StoredTopic): void {
    const members: Partition[] = [];
    const spec = Object.freeze({ name, partitions, cleanup });
    const topic: Topic = { id, spec, compacted: cleanup === 'compact', partitions: members };
    for (let index = 0; index < partitions; index++) {
      members.push({ topic, index, appended: new Notifier(), extent: readExtent(this.#store, id, index) });
    }
    this.#topics.set(name, topic);
  }
}

function checkSpec(name: string, partitions: number): void {
  if (!/^[A-Za-z0-9._-]{1,249}$/.test(name)) {
    throw fail('INVALID_REQUEST', `"${name}" is no topic name: 1 to 249 letters, digits, ".", "_" or "-".`);
  }
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > MOST_PARTITIONS) {
    throw fail('INVALID_REQUEST', `Topic "${name}" cannot have ${partitions} partitions: 1 to ${MOST_PARTITIONS}.`);
  }
}
