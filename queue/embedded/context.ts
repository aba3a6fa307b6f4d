/** What a task sees of the log: its inputs, from where it stands, and the commit that moves it on. */
import { fail } from '#proto';
import type { Commit, GroupOptions, PollOptions, RecordBatch, TaskContext } from '../port.ts';
import type { Partition, Topic } from './catalog.ts';
import { PartitionCursor } from './cursor.ts';
import { courtesy, type Log } from './log.ts';
import { waitForAny } from './notifier.ts';
import { checkNote, committedOffset, epochOf, noteOf, writeCommitted, writeNote } from './positions.ts';

const DEFAULT_RECORDS = 1000;
const DEFAULT_WAIT_MS = 1000;

interface Assignment {
  readonly options: GroupOptions;
  readonly topics: readonly Topic[];
  readonly partition: number;
  readonly epoch: number;
  readonly signal: AbortSignal;
}

export class EmbeddedTaskContext implements TaskContext {
  readonly group: string;
  readonly partition: number;
  readonly topics: readonly string[];
  readonly committed: ReadonlyMap<string, number>;
  readonly metadata: string;
  readonly signal: AbortSignal;
  readonly #log: Log;
  readonly #epoch: number;
  readonly #inputs = new Map<string, Topic>();
  readonly #cursors = new Map<string, PartitionCursor>();
  #turn = 0;
  #commits = 0;
  #over = false;

  constructor(log: Log, { options, topics, partition, epoch, signal }: Assignment) {
    this.#log = log;
    this.#epoch = epoch;
    this.group = options.group;
    this.partition = partition;
    this.topics = options.topics;
    this.signal = signal;
    const committed = new Map<string, number>();
    for (const topic of topics) {
      const { name } = topic.spec;
      const input = topic.partitions[partition]!;
      const offset = committedOffset(log.store, this.group, topic, partition);
      if (offset !== undefined) committed.set(name, offset);
      this.#inputs.set(name, topic);
      this.#cursors.set(name, new PartitionCursor(log.store, input, offset ?? startOf(input, options)));
    }
    this.committed = committed;
    this.metadata = noteOf(log.store, this.group, partition);
  }

  /** How many commits have been made. */
  get commits(): number {
    return this.#commits;
  }

  /** The task has returned: whatever it left behind may not commit any more. */
  finish(): void {
    this.#over = true;
  }

  async poll(options: PollOptions = {}): Promise<RecordBatch[]> {
    const { topics = this.topics, maxRecords = DEFAULT_RECORDS, maxWaitMs = DEFAULT_WAIT_MS } = options;
    if (!(maxRecords >= 1)) throw fail('INVALID_REQUEST', `poll takes at least one record, not ${maxRecords}.`);
    const cursors = topics.map((topic) => this.#cursor(topic));
    const deadline = performance.now() + maxWaitMs;
    for (;;) {
      await courtesy();
      if (this.signal.aborted || this.#over) return [];
      const batches = this.#take(cursors, maxRecords);
      const remaining = deadline - performance.now();
      if (batches.length > 0 || remaining <= 0) return batches;
      await waitForAny(cursors.map(({ partition }) => partition.appended), this.signal, remaining);
    }
  }

  seek(topic: string, offset: number): void {
    checkOffset(topic, offset);
    this.#cursor(topic).seek(offset);
  }

  async commit({ outputs = [], offsets = new Map<string, number>(), metadata }: Commit): Promise<void> {
    if (metadata !== undefined) {
      if (offsets.size === 0) throw fail('INVALID_REQUEST', 'Metadata is committed together with offsets.');
      checkNote(metadata);
    }
    const positions = [...offsets].map(([topic, offset]) => {
      checkOffset(topic, offset);
      return { topic: this.#input(topic), offset };
    });
    const records = this.#log.intake.prepare(outputs);
    await this.#log.writer.submit({
      records,
      check: (writer) => {
        if (this.#over || epochOf(writer, this.group, this.partition) !== this.#epoch) throw this.#fenced();
      },
      write: (writer) => {
        for (const { topic, offset } of positions) writeCommitted(writer, this.group, topic, this.partition, offset);
        if (metadata !== undefined) writeNote(writer, this.group, this.partition, metadata);
      },
    });
    this.#commits++;
  }

  #fenced(): Error {
    return fail('FENCED', `Partition ${this.partition} of group "${this.group}" belongs to another member now.`);
  }

  #input(topic: string): Topic {
    const input = this.#inputs.get(topic);
    if (input !== undefined) return input;
    throw fail('UNKNOWN_TOPIC', `"${topic}" is no input of group "${this.group}": ${this.topics.join(', ')}.`);
  }

  #cursor(topic: string): PartitionCursor {
    return this.#cursors.get(this.#input(topic).spec.name)!;
  }

  /**
   * Shares the limits among the topics that have something: those with little ahead come first and leave
   * what they do not need to the others. Among equals the first place goes round.
   */
  #take(cursors: readonly PartitionCursor[], maxRecords: number): RecordBatch[] {
    this.#turn++;
    const ready = cursors
      .map((_, i) => cursors[(i + this.#turn) % cursors.length]!)
      .filter((cursor) => cursor.ahead > 0)
      .sort((left, right) => left.ahead - right.ahead);
    const batches: RecordBatch[] = [];
    let recordsLeft = maxRecords;
    let bytesLeft = this.#log.settings.maxPollBytes;
    ready.forEach((cursor, i) => {
      if (recordsLeft <= 0) return;
      const sharing = ready.length - i;
      const batch = cursor.take({
        maxRecords: Math.ceil(recordsLeft / sharing),
        maxBytes: Math.max(1, bytesLeft / sharing),
      });
      if (batch === undefined) return;
      batches.push(batch);
      recordsLeft -= batch.records.length;
      for (const { value } of batch.records) bytesLeft -= value?.length ?? 0;
    });
    return batches;
  }
}

function startOf(input: Partition, { start = 'earliest' }: GroupOptions): number {
  return start === 'latest' ? input.extent.end : input.extent.earliest;
}

function checkOffset(topic: string, offset: number): void {
  if (Number.isSafeInteger(offset) && offset >= 0) return;
  throw fail('INVALID_REQUEST', `${offset} is no offset of "${topic}".`);
}
