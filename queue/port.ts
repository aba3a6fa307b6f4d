/**
 * The queue port: a log with topics, partitions, offsets, keys, headers, groups and compaction.
 *
 * Drivers: `queue/embedded` (one process, durable, lmdb) and Kafka. `queue/testing/contract.ts` is what
 * both promise; each promise is a test of that name. A worker cannot tell which driver it runs on.
 */
import type { TopicSpec } from '#proto';

export type Headers = Readonly<Record<string, string>>;

/** A record as read. Offsets are safe integers and grow by at least one; compaction leaves gaps. */
export interface QueueRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch, set by the producer or at append. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: Headers;
}

/** A record to append. Without `partition`: murmur2 of the key; without a key: partition 0. */
export interface OutputRecord {
  readonly topic: string;
  readonly partition?: number;
  readonly key?: string | Uint8Array | null;
  readonly value: Uint8Array | string | null;
  readonly headers?: Headers;
  readonly timestamp?: number;
}

/** Consecutive committed records of one partition. `nextOffset` is where reading goes on, past gaps. */
export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly QueueRecord[];
  readonly nextOffset: number;
  /** End of the partition when the batch was read. */
  readonly endOffset: number;
}

export interface PartitionOffsets {
  readonly partition: number;
  /** Oldest offset kept. */
  readonly earliest: number;
  /** Offset the next record will get. */
  readonly end: number;
}

/** What a partition holds, for people who ask now and then: it may cost a look at every block. */
export interface PartitionDescription extends PartitionOffsets {
  /** Records that are there: fewer than offsets where compaction or a repair left gaps. */
  readonly records: number;
  /** Bytes kept, as the driver stores them. */
  readonly bytes: number;
  /** Committed offset of each group that has one here. */
  readonly groups: ReadonlyMap<string, number>;
}

/**
 * Where a group-less reader starts, as of the moment its iteration begins. `time`: the first record at or
 * after it, milliseconds, or the end. `offsets`: by partition; those left out start at the earliest.
 */
export type StartPosition =
  | 'earliest'
  | 'latest'
  | { readonly time: number }
  | { readonly offsets: ReadonlyMap<number, number> };

export interface ReadOptions {
  readonly topic: string;
  /** @default all */
  readonly partitions?: readonly number[];
  readonly from: StartPosition;
  /**
   * Stop at the end offsets that held when reading began, instead of following; on a compacted topic, when nothing newer is
   * there, since a key written meanwhile moves to the end. @default false
   */
  readonly toEnd?: boolean;
  /**
   * With `toEnd`: what is being committed when reading began is waited for, so that nothing is passed over that another task committed
   * behind it. A task that died holds it up until its transaction is ended. @default false
   */
  readonly settled?: boolean;
  /** Bytes of values read at once, a bound on memory. @default 4 MiB */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/**
 * Appends without a group. `send` resolves when all records are durable, with one offset each, in the
 * order given; a failed `send` may have appended none or all of them, and after one error the same
 * records may be sent again (a repeat is then possible). Safe to call concurrently: records of one
 * partition are appended in the order of the calls.
 */
export interface Producer {
  send(records: readonly OutputRecord[]): Promise<number[]>;
  close(): Promise<void>;
}

/** Outputs and input positions that become visible together or not at all. */
export interface Commit {
  readonly outputs?: readonly OutputRecord[];
  /** Next offset to read, per topic of the task. Topics left out stay where they are. */
  readonly offsets?: ReadonlyMap<string, number>;
  /**
   * A short note (at most 4 KiB) kept with the offsets and given back as `TaskContext.metadata`: how far
   * inside the next records a task is. Left out: the note before stays. Needs `offsets`.
   */
  readonly metadata?: string;
}

export interface PollOptions {
  /** Topics to read from now; others keep their place. @default all of the task */
  readonly topics?: readonly string[];
  /** Upper bound of records in the answer. @default 1000 */
  readonly maxRecords?: number;
  /** How long to wait for a first record, milliseconds. 0: answer at once. @default 1000 */
  readonly maxWaitMs?: number;
}

/**
 * One task: partition number `partition` of every input topic, owned by one member at a time.
 *
 * Call order: the driver fences earlier owners and reads the committed offsets, then calls `Task.run`
 * once. `run` restores its state (with `queue.read`), may `seek`, then alternates `poll` and `commit`.
 * It returns soon after `signal` aborts; until it has returned nobody else gets the task, unless it
 * died. A `commit` after losing the task rejects with FENCED: throw it on, and drop all state.
 */
export interface TaskContext {
  readonly group: string;
  readonly partition: number;
  readonly topics: readonly string[];
  /** Committed offset of each input topic; absent where nothing was committed. */
  readonly committed: ReadonlyMap<string, number>;
  /** Note of the newest commit that had one; '' before the first. */
  readonly metadata: string;
  /** Aborts when the task is revoked (reason: FENCED) or the member leaves (reason: SHUTTING_DOWN). */
  readonly signal: AbortSignal;
  /**
   * Next records of the inputs, in log order per topic. Empty when nothing came in time or on abort. A batch of no records says that only
   * the place moved, past what does not count: commit it, or nothing seems to be left to do for ever.
   */
  poll(options?: PollOptions): Promise<RecordBatch[]>;
  /** Where `poll` goes on for `topic`. POSITION_EXPIRED from the next `poll` if it is gone. */
  seek(topic: string, offset: number): void;
  /** All or nothing, durable when it resolves. One at a time. Still allowed after `signal` aborts, to drain. */
  commit(commit: Commit): Promise<void>;
}

export interface Task {
  run(context: TaskContext): Promise<void>;
}

export interface GroupOptions {
  readonly group: string;
  /** Co-partitioned inputs: all must have equally many partitions. */
  readonly topics: readonly string[];
  /** Where to start without a committed offset. @default 'earliest' */
  readonly start?: 'earliest' | 'latest';
  /** A fresh task; called for each assignment, and again after a retriable failure. */
  createTask(partition: number): Task;
  /** A task ended with an error that is not retriable; the member has left the group. */
  onFailure(error: unknown, partition: number): void;
  /** @default nothing */
  onRetry?(error: unknown, partition: number, delayMs: number): void;
}

/** Membership of a group. `leave` aborts its tasks, waits for them to return, then gives them up. */
export interface Membership {
  /** Partitions held now, in ascending order. */
  assignment(): number[];
  leave(): Promise<void>;
}

export interface Queue {
  /** Creates what is missing. TOPIC_MISMATCH when one exists with other partitions or clean-up. */
  ensureTopics(specs: readonly TopicSpec[]): Promise<void>;
  topics(): Promise<TopicSpec[]>;
  /** UNKNOWN_TOPIC when it does not exist. */
  offsets(topic: string): Promise<PartitionOffsets[]>;
  /** What each partition holds and who reads it. UNKNOWN_TOPIC when it does not exist. */
  describe(topic: string): Promise<PartitionDescription[]>;
  /** Committed offsets of a group, by partition. */
  committed(group: string, topic: string): Promise<ReadonlyMap<number, number>>;
  producer(): Promise<Producer>;
  /**
   * Adds a member to a group; all members of a group read the same topics. Tasks are spread as evenly and
   * move as little as can be (`assignTasks`), and what a task committed is where its next owner goes on. A
   * task moves when its owner has returned from it; an owner that does not return in time loses it.
   */
  join(options: GroupOptions): Promise<Membership>;
  /**
   * Reads without a group. Ends when `signal` aborts, or at the end with `toEnd`. Position is the
   * caller's to keep (`nextOffset`). POSITION_EXPIRED when an offset asked for is no longer kept.
   */
  read(options: ReadOptions): AsyncIterable<RecordBatch>;
  /** Ends readers and tasks, then closes. Safe to call twice. */
  close(): Promise<void>;
}
