/** The loop of a feature task, once its state is back: take, merge, fold, commit, now and then a checkpoint. */
import type { RecordBatch, TaskContext } from '#queue';

import { checkpointRecords } from './feature-checkpoint.ts';
import type { FeatureFold, Ordinals } from './feature-fold.ts';
import { postInput, tickInput, type FeatureInput, type IsRepeat } from './feature-input.ts';
import type { FeatureTaskOptions } from './feature-task.ts';
import type { Merge } from './merge.ts';
import { CommitPace } from './pace.ts';

/** Rows worked through at once. */
const STEP_ROWS = 8192;

interface LoopState {
  readonly partition: number;
  readonly task: string;
  readonly inputs: readonly string[];
  readonly merge: Merge<FeatureInput>;
  readonly fold: FeatureFold;
}

/** Next ordinals of what is out, by the note that was committed with it. */
export function committedOrdinals(metadata: string): Ordinals {
  return metadata === '' ? { rows: 0, deadLetters: 0 } : (JSON.parse(metadata) as Ordinals);
}

export class FeatureLoop {
  readonly #options: FeatureTaskOptions & { readonly maxLatenessUs: number };
  readonly #context: TaskContext;
  readonly #state: LoopState;
  readonly #pace: CommitPace;
  readonly #ends = new Map<string, number>();
  /** Newest positions that are committed. */
  readonly #committed: Map<string, number>;
  #sinceCheckpoint = 0;
  /** Whether anything was read since: in a silent market watermarks alone move positions, and the log behind them may go. */
  #moved = false;
  #lastCheckpoint = performance.now();
  #more = false;
  /** Rows worked through since the last commit. */
  #rows = 0;

  constructor(options: FeatureTaskOptions & { readonly maxLatenessUs: number }, context: TaskContext, state: LoopState) {
    this.#options = options;
    this.#context = context;
    this.#state = state;
    this.#pace = new CommitPace(options);
    this.#committed = new Map(context.committed);
  }

  /** Takes what there is, works through at most STEP_ROWS rows, commits when it is time. */
  async step(): Promise<void> {
    const { merge, fold, inputs } = this.#state;
    const bufferRows = this.#options.bufferRows ?? 65_536;
    const wanted = inputs.filter((_, log) => merge.buffered(log) < bufferRows);
    const maxWaitMs = this.#more ? 0 : this.#pace.waitMs();
    const batches = await this.#context.poll({ topics: wanted, maxRecords: 64, ...(maxWaitMs !== undefined && { maxWaitMs }) });
    const silent = batches.length === 0 && !this.#more;
    const records = this.#push(batches);
    if (records > 0) this.#options.observer.polled(records);
    const rows = merge.drain(STEP_ROWS, (_log, input, row) => {
      fold.fold(input, row);
    });
    this.#more = rows === STEP_ROWS;
    this.#rows += rows;
    this.#sinceCheckpoint += rows;
    this.#moved ||= records > 0 || rows > 0;
    const checkpoint = this.#checkpointDue();
    if (checkpoint || this.#pace.due({ rows: this.#rows, bytes: fold.bytes, silent })) await this.#commit();
    if (checkpoint) await this.#checkpoint();
  }

  /** Commits what is left, then a checkpoint. */
  async finish(): Promise<void> {
    await this.#commit();
    await this.#checkpoint();
  }

  /** Returns how many records there were. */
  #push(batches: readonly RecordBatch[]): number {
    const { merge, fold, inputs } = this.#state;
    const { maxLatenessUs } = this.#options;
    const isRepeat: IsRepeat = (input, row) => fold.isRepeat(input, row);
    let records = 0;
    // From here on: what was decoded counts as taken, however long that took.
    if (batches.length > 0 || this.#more) this.#pace.taken();
    for (const batch of batches) {
      const log = inputs.indexOf(batch.topic);
      for (const record of batch.records) merge.push(log, log === 0 ? tickInput(record, maxLatenessUs, isRepeat) : postInput(record, isRepeat));
      merge.skipTo(log, batch.nextOffset);
      this.#ends.set(batch.topic, batch.endOffset);
      records += batch.records.length;
    }
    return records;
  }

  #checkpointDue(): boolean {
    const { checkpointRows = 20_000, checkpointIntervalMs = 10_000 } = this.#options;
    return this.#sinceCheckpoint >= checkpointRows || performance.now() - this.#lastCheckpoint >= checkpointIntervalMs;
  }

  async #commit(): Promise<void> {
    if (!this.#pace.pending) return;
    const { inputs, merge, fold } = this.#state;
    const outputs = fold.take();
    const offsets = new Map<string, number>();
    let lag = 0;
    inputs.forEach((topic, log) => {
      const { offset } = merge.position(log);
      lag += Math.max(0, (this.#ends.get(topic) ?? offset) - offset);
      // Working through committed inputs again must not move the positions back.
      if (offset > (this.#committed.get(topic) ?? -1)) offsets.set(topic, offset);
    });
    const started = performance.now();
    const anything = outputs.length > 0 || offsets.size > 0;
    if (anything) {
      if (offsets.size === 0) offsets.set(inputs[0]!, this.#committed.get(inputs[0]!) ?? merge.position(0).offset);
      await this.#context.commit({ outputs, offsets, metadata: JSON.stringify(this.#written()) });
      for (const [topic, offset] of offsets) this.#committed.set(topic, offset);
    }
    // Rows may have to wait for the other log: what was taken is dealt with all the same.
    const { repeats, appended } = fold.takeCounts();
    this.#options.observer.committed({
      rows: this.#rows,
      repeats,
      outputs: outputs.length,
      lag,
      ms: this.#pace.age,
      commitMs: anything ? performance.now() - started : 0,
      appended,
      ingested: appended,
    });
    this.#rows = 0;
    this.#pace.committed();
  }

  /** Ordinals that are out, which lie ahead of the state's while committed inputs are worked through again. */
  #written(): Ordinals {
    const { ordinals } = this.#state.fold;
    const before = committedOrdinals(this.#context.metadata);
    return {
      rows: Math.max(ordinals.rows, before.rows),
      deadLetters: Math.max(ordinals.deadLetters, before.deadLetters),
    };
  }

  async #checkpoint(): Promise<void> {
    if (!this.#moved) return;
    const { inputs, merge, fold, partition, task } = this.#state;
    const started = performance.now();
    const { layout, set, observer } = this.#options;
    const outputs = checkpointRecords(layout, task, partition, set, {
      engine: fold.engine,
      ordinals: fold.ordinals,
      positions: new Map(inputs.map((topic, log) => [topic, merge.position(log)])),
      seen: fold.seen,
    });
    await this.#context.commit({ outputs });
    this.#sinceCheckpoint = 0;
    this.#moved = false;
    this.#lastCheckpoint = performance.now();
    observer.checkpointed({ records: outputs.length, ms: performance.now() - started });
  }
}
