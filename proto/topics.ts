/** The topic table: what each topic is keyed by, how it is cleaned up, and how many partitions it has. */

export type Cleanup = 'delete' | 'compact';

/** `inputs`: as many as configured for quotes and posts; `shards`: one a shard; `one`: a single partition. */
export type Partitioning = 'inputs' | 'shards' | 'one';

interface TopicEntry {
  readonly cleanup: Cleanup;
  readonly partitions: Partitioning;
  readonly doc: string;
}

export const TOPICS = {
  quotes: { cleanup: 'delete', partitions: 'inputs', doc: 'Ticks and watermarks, keyed by instrument' },
  posts: { cleanup: 'delete', partitions: 'inputs', doc: 'Posts and watermarks, keyed by instrument' },
  features: { cleanup: 'delete', partitions: 'shards', doc: 'Feature rows, one partition a shard' },
  predictions: { cleanup: 'delete', partitions: 'inputs', doc: 'Predictions, keyed by instrument' },
  outcomes: { cleanup: 'delete', partitions: 'inputs', doc: 'What became of predictions, keyed by instrument' },
  evaluations: { cleanup: 'delete', partitions: 'one', doc: 'Windowed metrics, keyed by model' },
  models: { cleanup: 'compact', partitions: 'shards', doc: 'Model snapshots: chunks, then a manifest' },
  aliases: { cleanup: 'compact', partitions: 'one', doc: 'Which model answers to a name' },
  promotions: { cleanup: 'delete', partitions: 'one', doc: 'Every change of an alias' },
  subscriptions: { cleanup: 'compact', partitions: 'inputs', doc: 'What each source should collect' },
  cursors: { cleanup: 'compact', partitions: 'one', doc: 'How far each source got' },
  changelog: { cleanup: 'compact', partitions: 'inputs', doc: 'Checkpointed feature state' },
  alerts: { cleanup: 'delete', partitions: 'one', doc: 'Drift, staleness, source down, promotion' },
  'dead-letters': { cleanup: 'delete', partitions: 'one', doc: 'Records that could not be handled' },
} as const satisfies Record<string, TopicEntry>;

export type TopicName = keyof typeof TOPICS;

export interface TopicSpec {
  /** Full name, `foretick.quotes.v1`. */
  readonly name: string;
  readonly partitions: number;
  readonly cleanup: Cleanup;
  /**
   * With clean-up `delete`: records whose timestamp is older than this may go, oldest first and up to the
   * first that is newer. @default kept for ever
   */
  readonly retentionMs?: number;
  /** With clean-up `delete`: how many bytes of each partition are kept at least; older ones may go. @default all */
  readonly retentionBytes?: number;
  /** Copies of each partition that the queue keeps. @default as many as the queue says; the embedded one has one */
  readonly replicationFactor?: number;
}

/** Full topic names and counts of one deployment. */
export interface TopicLayout {
  readonly prefix: string;
  readonly inputs: number;
  readonly shards: number;
  name(topic: TopicName): string;
  /** @param kept retention is of topics with clean-up `delete`, but those that are kept for ever. @default everything is kept, in as many copies as the queue says */
  specs(kept?: Pick<TopicSpec, 'retentionMs' | 'retentionBytes' | 'replicationFactor'>): TopicSpec[];
}

/** Records of who decided what, when and why: small, and asked for years later. */
const KEPT_FOR_EVER: ReadonlySet<TopicName> = new Set<TopicName>(['promotions']);

/**
 * @param inputs partitions of quotes and posts
 * @param shards learning shards; input partition p feeds shard p mod shards
 */
export function topicLayout(options: { prefix: string; inputs: number; shards: number }): TopicLayout {
  const { prefix, inputs, shards } = options;
  const name = (topic: TopicName): string => `${prefix}.${topic}.v1`;
  const count = { inputs, shards, one: 1 } satisfies Record<Partitioning, number>;
  return {
    prefix,
    inputs,
    shards,
    name,
    specs: ({ replicationFactor, ...retention } = {}) =>
      (Object.keys(TOPICS) as TopicName[]).map((topic) => ({
        name: name(topic),
        partitions: count[TOPICS[topic].partitions],
        cleanup: TOPICS[topic].cleanup,
        ...(TOPICS[topic].cleanup === 'delete' && !KEPT_FOR_EVER.has(topic) && retention),
        ...(replicationFactor !== undefined && { replicationFactor }),
      })),
  };
}
