/** What the store holds: its format, the topics, and how far each partition reaches. Kept in memory too. */
import { fail, type TopicSpec } from '#proto';
import { readExtent, type Extent } from './extent.ts';
import { decodeNumber, encodeNumbers, metaKey, topicKey, topicKeysEnd } from './keys.ts';
import { Notifier } from './notifier.ts';
import type { Store } from './store.ts';

/** Version of everything in `keys.ts`. */
const FORMAT = 1;
const MOST_TOPICS = 0xffff;
const MOST_PARTITIONS = 0xffff;

/** One partition. `extent` is that of the last commit; only the log's writer sets it. */
export interface Partition {
  readonly topic: Topic;
  readonly index: number;
  readonly appended: Notifier;
  extent: Extent;
}

export interface Topic {
  readonly id: number;
  /** Its retention may change. */
  spec: TopicSpec;
  readonly compacted: boolean;
  readonly partitions: readonly Partition[];
}

interface StoredTopic extends Omit<TopicSpec, 'name'> {
  readonly id: number;
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

  byId(id: number): Topic | undefined {
    return [...this.#topics.values()].find((topic) => topic.id === id);
  }

  all(): Topic[] {
    return [...this.#topics.values()];
  }

  /**
   * Creates what is missing and sets the retention of what exists, or changes nothing when one of them does
   * not fit what exists.
   */
  ensure(specs: readonly TopicSpec[]): void {
    const changed = new Map<string, StoredTopic>();
    let made = 0;
    for (const spec of specs) {
      checkSpec(spec);
      const { name, partitions, cleanup } = spec;
      const there = changed.get(name) ?? this.#stored(name);
      if (there === undefined) {
        changed.set(name, storedTopic(this.#topics.size + made++, spec));
      } else if (there.partitions !== partitions || there.cleanup !== cleanup) {
        throw fail(
          'TOPIC_MISMATCH',
          `Topic "${name}" has ${there.partitions} partitions and clean-up "${there.cleanup}", not ${partitions} and "${cleanup}".`,
          { details: { topic: name } },
        );
      } else if (there.retentionMs !== spec.retentionMs || there.retentionBytes !== spec.retentionBytes) {
        changed.set(name, storedTopic(there.id, spec));
      }
    }
    if (changed.size === 0) return;
    if (this.#topics.size + made > MOST_TOPICS) throw fail('INVALID_REQUEST', `More than ${MOST_TOPICS} topics.`);
    this.#store.transaction((writer) => {
      for (const [name, topic] of changed) writer.put(topicKey(name), Buffer.from(JSON.stringify(topic)));
    });
    for (const [name, topic] of changed) this.#add(name, topic);
  }

  /** Takes the extents from the store again, after a commit of which nobody knows whether it happened. */
  refresh(): void {
    for (const topic of this.#topics.values()) {
      for (const partition of topic.partitions) partition.extent = readExtent(this.#store, topic.id, partition.index, topic.compacted);
    }
  }

  #stored(name: string): StoredTopic | undefined {
    const topic = this.#topics.get(name);
    return topic && storedTopic(topic.id, topic.spec);
  }

  #add(name: string, stored: StoredTopic): void {
    const { id, ...rest } = stored;
    const spec: TopicSpec = Object.freeze({ name, ...rest });
    const there = this.#topics.get(name);
    if (there !== undefined) {
      there.spec = spec;
      return;
    }
    const members: Partition[] = [];
    const compacted = spec.cleanup === 'compact';
    const topic: Topic = { id, spec, compacted, partitions: members };
    for (let index = 0; index < spec.partitions; index++) {
      members.push({ topic, index, appended: new Notifier(), extent: readExtent(this.#store, id, index, compacted) });
    }
    this.#topics.set(name, topic);
  }
}

function storedTopic(id: number, { partitions, cleanup, retentionMs, retentionBytes }: TopicSpec): StoredTopic {
  return {
    id,
    partitions,
    cleanup,
    ...(retentionMs === undefined ? {} : { retentionMs }),
    ...(retentionBytes === undefined ? {} : { retentionBytes }),
  };
}

function checkSpec({ name, partitions, cleanup, retentionMs, retentionBytes }: TopicSpec): void {
  if (!/^[A-Za-z0-9._-]{1,249}$/.test(name)) {
    throw fail('INVALID_REQUEST', `"${name}" is no topic name: 1 to 249 letters, digits, ".", "_" or "-".`);
  }
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > MOST_PARTITIONS) {
    throw fail('INVALID_REQUEST', `Topic "${name}" cannot have ${partitions} partitions: 1 to ${MOST_PARTITIONS}.`);
  }
  for (const [what, limit] of Object.entries({ retentionMs, retentionBytes })) {
    if (limit === undefined) continue;
    if (cleanup === 'compact') throw fail('INVALID_REQUEST', `Topic "${name}" is compacted: it has no ${what}.`);
    if (!Number.isSafeInteger(limit) || limit < 0) throw fail('INVALID_REQUEST', `${what} of topic "${name}" cannot be ${limit}.`);
  }
}
