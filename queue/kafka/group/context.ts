/** What a task sees of Kafka: its inputs, from where it stands, and the commit that moves it on. */
import { fail, type ForetickError } from '#proto';
import type { Commit, GroupOptions, PollOptions, RecordBatch } from '../../port.ts';
import type { TaskSession } from '../../tasks/task-loop.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { FetchSession } from '../consume/fetch-session.ts';
import type { Inlet } from '../consume/inlet.ts';
import { EARLIEST, LATEST, offsetsAt } from '../consume/offsets.ts';
import { prepare } from '../produce/prepare.ts';
import { closeQuietly, type Committer } from './committer.ts';
import { checkNote, encodeNote, newestNote, type Note } from './notes.ts';

const DEFAULT_RECORDS = 1000;
const DEFAULT_WAIT_MS = 1000;
const POLL_BYTES = 4 * 1024 * 1024;

export interface CommittedOffset {
  readonly offset: number;
  readonly metadata: string | null;
}

interface Assignment {
  readonly cluster: Cluster;
  readonly options: GroupOptions;
  readonly partition: number;
  readonly signal: AbortSignal;
  readonly committer: Committer;
  /** By topic; those without are absent. */
  readonly committed: ReadonlyMap<string, CommittedOffset>;
}

export class KafkaTaskContext implements TaskSession {
  readonly group: string;
  readonly partition: number;
  readonly topics: readonly string[];
  readonly committed: ReadonlyMap<string, number>;
  readonly metadata: string;
  readonly signal: AbortSignal;
  readonly #cluster: Cluster;
  readonly #start: 'earliest' | 'latest';
  readonly #committer: Committer;
  readonly #session: FetchSession;
  #note: Note;
  #commits = 0;
  #over = false;
  /** Of a commit that failed: what became of it is settled by the next run. */
  #failure: ForetickError | undefined;
  #placed: Promise<void> | undefined;

  constructor({ cluster, options, partition, signal, committer, committed }: Assignment) {
    this.#cluster = cluster;
    this.#committer = committer;
    this.#start = options.start ?? 'earliest';
    this.#session = new FetchSession(cluster);
    this.group = options.group;
    this.partition = partition;
    this.topics = options.topics;
    this.signal = signal;
    this.committed = new Map([...committed].map(([topic, { offset }]) => [topic, offset]));
    this.#note = newestNote([...committed.values()].map(({ metadata }) => metadata));
    this.metadata = this.#note.text;
  }

  get commits(): number {
    return this.#commits;
  }

  finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#session.close();
    closeQuietly(this.#committer, this.#cluster);
  }

  async poll(options: PollOptions = {}): Promise<RecordBatch[]> {
    const { topics = this.topics, maxRecords = DEFAULT_RECORDS, maxWaitMs = DEFAULT_WAIT_MS } = options;
    if (!(maxRecords >= 1)) throw fail('INVALID_REQUEST', `poll takes at least one record, not ${maxRecords}.`);
    for (const topic of topics) this.#checkInput(topic);
    const deadline = performance.now() + maxWaitMs;
    // Handlers that never wait for anything else would hold up heartbeats.
    await new Promise((resolve) => setImmediate(resolve));
    if (!this.#done) await (this.#placed ??= this.#place());
    for (;;) {
      if (this.#done) return [];
      const batches = this.#take(topics, maxRecords);
      const remaining = deadline - performance.now();
      if (batches.length > 0) return batches;
      if (remaining <= 0) return this.#moves(topics);
      await this.#session.changed(remaining, this.signal);
    }
  }

  seek(topic: string, offset: number): void {
    this.#checkInput(topic);
    checkOffset(topic, offset);
    this.#session.seek(topic, this.partition, offset);
  }

  async commit({ outputs = [], offsets = new Map<string, number>(), metadata }: Commit): Promise<void> {
    if (metadata !== undefined) {
      if (offsets.size === 0) throw fail('INVALID_REQUEST', 'Metadata is committed together with offsets.');
      checkNote(metadata);
    }
    for (const [topic, offset] of offsets) {
      this.#checkInput(topic);
      checkOffset(topic, offset);
    }
    if (this.#failure) throw this.#failure;
    if (this.#over) throw this.#fenced();
    const began = performance.now();
    const prepared = await this.#cluster.retry('Outputs cannot be committed', () => prepare(this.#cluster, outputs), { timeoutMs: this.#cluster.settings.transactionTimeoutMs });
    if (this.#isOver()) throw this.#fenced();
    const note = { commit: this.#note.commit + 1, text: metadata ?? this.#note.text };
    const entries = [...offsets].map(([topic, offset]) => ({ topic, partition: this.partition, offset, metadata: encodeNote(note) }));
    if (outputs.length > 0 || entries.length > 0) {
      try {
        await this.#committer.commit(prepared, entries);
      } catch (error) {
        this.#failure = error as ForetickError;
        throw this.#isOver() ? this.#fenced(error) : error;
      }
    }
    if (offsets.size > 0) this.#note = note;
    this.#commits += 1;
    this.#cluster.settings.events.onCommit?.(this.group, { partition: this.partition, outputs: outputs.length, ms: performance.now() - began });
  }

  get #done(): boolean {
    return this.signal.aborted || this.#over;
  }

  #isOver(): boolean {
    return this.#over;
  }

  /** Inputs that the task has not placed itself begin where the group stands, or where it says; all at once, so that they are read together. */
  async #place(): Promise<void> {
    const placed = (topic: string): boolean => this.#session.inlets.some((inlet) => inlet.topic === topic);
    const at = this.#start === 'latest' ? LATEST : EARLIEST;
    const starts = this.topics
      .filter((topic) => !placed(topic))
      .map(async (topic) => [topic, this.committed.get(topic) ?? (await offsetsAt(this.#cluster, topic, [this.partition], at)).get(this.partition)!] as const);
    for (const [topic, offset] of await Promise.all(starts)) if (!placed(topic)) this.#session.seek(topic, this.partition, offset);
  }

  /** Shares the limits among the topics that have something: those with little come first and leave the rest what they do not need. */
  #take(topics: readonly string[], maxRecords: number): RecordBatch[] {
    const ready = this.#session.inlets.filter(({ topic, waiting }) => waiting > 0 && topics.includes(topic)).toSorted((a, b) => a.waiting - b.waiting);
    const batches: RecordBatch[] = [];
    let [recordsLeft, bytesLeft] = [maxRecords, POLL_BYTES];
    ready.forEach((inlet, i) => {
      const sharing = ready.length - i;
      if (recordsLeft <= 0) return;
      const limits = { maxRecords: Math.ceil(recordsLeft / sharing), maxBytes: Math.max(1, bytesLeft / sharing) };
      const batch = this.#session.take(limits, (other: Inlet) => other === inlet);
      if (!batch) return;
      batches.push(batch);
      recordsLeft -= batch.records.length;
      for (const { value } of batch.records) bytesLeft -= value?.length ?? 0;
    });
    // What ended the reading of an input is told when nothing else is left of it.
    if (batches.length === 0) this.#session.take({ maxRecords: 1, maxBytes: 1 }, ({ topic, waiting }) => waiting === 0 && topics.includes(topic));
    return batches;
  }

  #moves(topics: readonly string[]): RecordBatch[] {
    return this.#session.inlets.filter(({ topic }) => topics.includes(topic)).flatMap((inlet) => inlet.takeMove() ?? []);
  }

  #checkInput(topic: string): void {
    if (!this.topics.includes(topic)) throw fail('UNKNOWN_TOPIC', `"${topic}" is no input of group "${this.group}": ${this.topics.join(', ')}.`);
  }

  #fenced(cause?: unknown): ForetickError {
    return fail('FENCED', `Partition ${this.partition} of group "${this.group}" belongs to another member now.`, { cause });
  }
}

function checkOffset(topic: string, offset: number): void {
  if (Number.isSafeInteger(offset) && offset >= 0) return;
  throw fail('INVALID_REQUEST', `${offset} is no offset of "${topic}".`);
}
