/** The loop of a training task, once its state is back: take, predict, learn, commit, now and then a snapshot. */
import { asForetickError, decodeFeatures, ingestedAt, traceOf, type FeatureRows } from '#proto';
import type { OutputRecord, QueueRecord, RecordBatch, TaskContext } from '#queue';

import type { Trainer } from '../training/trainer.ts';
import { deadLetterRecord } from './dead-letters.ts';
import { widened, type TimeSpan } from './observer.ts';
import { CommitPace } from './pace.ts';
import { snapshotOutputs, type KnownSnapshots } from './training-checkpoint.ts';
import { OutputEncoder, type Written } from './training-output.ts';
import type { TrainingTaskOptions } from './training-task.ts';

/** Rows worked through at once, at least one record. */
const STEP_ROWS = 8192;

/** What waits for a commit. */
class Pending {
  readonly outputs: OutputRecord[] = [];
  bytes = 0;
  rows = 0;
  repeats = 0;
  appended: TimeSpan | null = null;
  ingested: TimeSpan | null = null;
}

export class TrainingLoop {
  readonly #options: TrainingTaskOptions;
  readonly #shard: number;
  readonly #context: TaskContext;
  readonly #trainer: Trainer;
  readonly #known: KnownSnapshots;
  readonly #encoder: OutputEncoder;
  readonly #topic: string;
  #offset: number;
  #committed: number;
  #sinceCheckpoint = 0;
  /** When the last snapshot was written; the first one is due at once, so that servers have a model. */
  #lastCheckpoint: number;
  #queue: QueueRecord[] = [];
  #pending = new Pending();
  readonly #pace: CommitPace;
  #end = 0;

  constructor(options: TrainingTaskOptions, shard: number, context: TaskContext, trainer: Trainer, known: KnownSnapshots, offset: number) {
    this.#options = options;
    this.#shard = shard;
    this.#context = context;
    this.#trainer = trainer;
    this.#known = known;
    this.#topic = options.layout.name('features');
    this.#pace = new CommitPace(options);
    this.#offset = offset;
    this.#lastCheckpoint = known.newest ? performance.now() : Number.NEGATIVE_INFINITY;
    this.#committed = context.committed.get(this.#topic) ?? 0;
    this.#encoder = new OutputEncoder(options.layout, options.format ?? 'auto', writtenBefore(context.metadata));
  }

  async step(): Promise<void> {
    let silent = false;
    if (this.#queue.length === 0) {
      const maxWaitMs = this.#pace.waitMs();
      const [batch] = await this.#context.poll({ maxRecords: 64, ...(maxWaitMs !== undefined && { maxWaitMs }) });
      silent = batch === undefined;
      if (batch) this.#take(batch);
    }
    if (!silent) this.#work();
    const { rows, bytes } = this.#pending;
    const snapshot = this.#checkpointDue();
    if (snapshot || this.#pace.due({ rows, bytes, silent })) await this.#commit();
    if (snapshot) await this.#checkpoint();
  }

  /** Commits what is left, then a snapshot. */
  async finish(): Promise<void> {
    await this.#commit();
    await this.#checkpoint();
  }

  #take({ records, nextOffset, endOffset }: RecordBatch): void {
    this.#pace.taken();
    this.#queue = [...records];
    this.#end = endOffset;
    if (records.length === 0) this.#offset = nextOffset;
    this.#options.observer.polled(records.length);
  }

  #work(): void {
    this.#pace.taken();
    let rows = 0;
    let taken = 0;
    while (taken < this.#queue.length && rows < STEP_ROWS) {
      const record = this.#queue[taken++]!;
      rows += this.#record(record);
      this.#offset = record.offset + 1;
    }
    this.#queue.splice(0, taken);
    this.#sinceCheckpoint += rows;
  }

  /** Returns its rows. */
  #record(record: QueueRecord): number {
    const pending = this.#pending;
    const before = pending.outputs.length;
    const rows = this.#decode(record, pending.outputs);
    if (rows) {
      const output = this.#trainer.process(rows, record.offset);
      this.#encoder.encode(output, pending.outputs, traceOf(record.headers));
      pending.rows += output.predictions.length;
      pending.repeats += rows.length - output.predictions.length;
      if (record.offset >= this.#committed && output.predictions.length > 0) {
        pending.appended = widened(pending.appended, record.timestamp);
        const ingested = ingestedAt(record.headers);
        if (ingested !== null) pending.ingested = widened(pending.ingested, ingested);
      }
    }
    for (let i = before; i < pending.outputs.length; i++) pending.bytes += pending.outputs[i]!.value?.length ?? 0;
    return rows?.length ?? 0;
  }

  async #commit(): Promise<void> {
    if (!this.#pace.pending) return;
    const { outputs, rows, repeats, appended, ingested } = this.#pending;
    const started = performance.now();
    const moved = this.#offset > this.#committed;
    if (moved) {
      const offsets = new Map([[this.#topic, this.#offset]]);
      await this.#context.commit({ outputs, offsets, metadata: JSON.stringify(this.#encoder.written) });
      this.#committed = this.#offset;
    }
    this.#options.observer.committed({
      rows,
      repeats,
      outputs: outputs.length,
      lag: Math.max(0, this.#end - this.#offset),
      ms: this.#pace.age,
      commitMs: moved ? performance.now() - started : 0,
      appended,
      ingested,
    });
    this.#pending = new Pending();
    this.#pace.committed();
    const { tensors = 0 } = this.#trainer.model;
    if (tensors > 0) this.#options.observer.tensors(tensors);
  }

  #checkpointDue(): boolean {
    const { checkpointRows = 20_000, checkpointIntervalMs = 5_000 } = this.#options;
    return this.#sinceCheckpoint >= checkpointRows || performance.now() - this.#lastCheckpoint >= checkpointIntervalMs;
  }

  /** Features come from our own workers, but a log is open to all: what cannot be read is put aside. */
  #decode(record: QueueRecord, outputs: OutputRecord[]): FeatureRows | null {
    try {
      return decodeFeatures(record);
    } catch (error) {
      const { code, message } = asForetickError(error);
      if (record.offset >= this.#committed) {
        this.#options.observer.deadLetter(code);
        const { topic, partition, offset, key, headers } = record;
        const value = record.value ?? new Uint8Array();
        // One letter a record: its offset is identity enough.
        const letter = { code, message, topic, partition, offset, row: 0, key, value, headers, time: 0, task: this.#trainer.options.task, ordinal: offset };
        outputs.push(deadLetterRecord(this.#options.layout, letter, this.#options.maxLetterBytes));
      }
      return null;
    }
  }

  async #checkpoint(): Promise<void> {
    if (this.#sinceCheckpoint === 0) return;
    const started = performance.now();
    const outputs = snapshotOutputs(this.#options, this.#shard, this.#trainer, this.#offset, this.#known);
    await this.#context.commit({ outputs });
    this.#sinceCheckpoint = 0;
    this.#lastCheckpoint = performance.now();
    this.#options.observer.checkpointed({ records: outputs.length, ms: performance.now() - started });
  }
}

function writtenBefore(metadata: string): Written {
  return metadata === '' ? { predictions: 0, outcomes: 0, evaluations: 0 } : (JSON.parse(metadata) as Written);
}
