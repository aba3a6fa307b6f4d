/**
 * The feature worker: one task a partition of quotes and posts.
 *
 * Order of things, which tests hold it to: restore the newest checkpoint; read on from its positions with outputs
 * that are already committed suppressed; then, for each batch, one commit of rows, dead letters and positions; after
 * a commit, every so many rows and on the way out, a checkpoint.
 */
import type { FeatureEngineOptions, FeatureSet } from '#features';
import type { TopicLayout } from '#proto';
import type { Queue, Task, TaskContext } from '#queue';

import { checkpointRecords, restoreFeatures } from './feature-checkpoint.ts';
import { FeatureFold, type Ordinals } from './feature-fold.ts';
import { postInput, tickInput, type FeatureInput } from './feature-input.ts';
import { Merge } from './merge.ts';
import type { WorkerObserver } from './observer.ts';

export interface FeatureTaskOptions extends FeatureEngineOptions {
  readonly queue: Queue;
  readonly layout: TopicLayout;
  readonly set: FeatureSet;
  /** Rows of one features record, at most. @default 1024 */
  readonly batchRows?: number;
  /** Rows between two checkpoints. @default 20000 */
  readonly checkpointRows?: number;
  /** Milliseconds between two checkpoints, at most. @default 10000 */
  readonly checkpointIntervalMs?: number;
  /** Rows buffered of one input while the other is silent. @default 65536 */
  readonly bufferRows?: number;
  /** @default 60 s */
  readonly maxLatenessUs?: number;
  /** @default 1 s */
  readonly maxFutureUs?: number;
  readonly observer: WorkerObserver;
}

/** Rows worked through before a commit. */
const STEP_ROWS = 8192;
const DEFAULT_LATENESS_US = 60e6;

export function featureTask(options: FeatureTaskOptions, partition: number): Task {
  return { run: (context) => runFeatureTask(options, partition, context) };
}

async function runFeatureTask(options: FeatureTaskOptions, partition: number, context: TaskContext): Promise<void> {
  const { layout, set, observer } = options;
  const task = `features/${partition}`;
  const inputs = [layout.name('quotes'), layout.name('posts')];
  const started = performance.now();
  const restored = await restoreFeatures(options, task, partition);
  const { engine, ordinals } = restored;
  const positions = inputs.map((topic) => restored.positions.get(topic) ?? { offset: 0, row: 0, clock: 0 });
  const merge = new Merge<FeatureInput>(positions);
  inputs.forEach((topic, log) => {
    context.seek(topic, positions[log]!.offset);
  });
  const fold = new FeatureFold(engine, ordinals, committedOrdinals(context.metadata), {
    layout,
    partition,
    task,
    featureSet: set.id,
    names: set.names,
    batchRows: options.batchRows ?? 1024,
    maxLatenessUs: options.maxLatenessUs ?? DEFAULT_LATENESS_US,
    maxFutureUs: options.maxFutureUs ?? 1e6,
    onDeadLetter: (code) => {
      observer.deadLetter(code);
    },
  });
  const behind = inputs.reduce((sum, topic, log) => sum + Math.max(0, (context.committed.get(topic) ?? 0) - positions[log]!.offset), 0);
  observer.restored({ from: restored.positions.size > 0 ? 'checkpoint' : 'nothing', behind, ms: performance.now() - started });

  const loop = new FeatureLoop(options, context, { partition, task, inputs, merge, fold });
  while (!context.signal.aborted) await loop.step();
  await loop.checkpoint();
}

function committedOrdinals(metadata: string): Ordinals {
  return metadata === '' ? { rows: 0, deadLetters: 0 } : (JSON.parse(metadata) as Ordinals);
}

interface LoopState {
  readonly partition: number;
  readonly task: string;
  readonly inputs: readonly string[];
  readonly merge: Merge<FeatureInput>;
  readonly fold: FeatureFold;
}

class FeatureLoop {
  readonly #options: FeatureTaskOptions;
  readonly #context: TaskContext;
  readonly #state: LoopState;
  readonly #ends = new Map<string, number>();
  /** Newest positions that are committed. */
  readonly #committed: Map<string, number>;
  #sinceCheckpoint = 0;
  /** Whether anything was read since: in a silent market watermarks alone move positions, and the log behind them may go. */
  #moved = false;
  #lastCheckpoint = performance.now();
  #more = false;
  readonly #maxLatenessUs: number;

  constructor(options: FeatureTaskOptions, context: TaskContext, state: LoopState) {
    this.#options = options;
    this.#context = context;
    this.#state = state;
    this.#committed = new Map(context.committed);
    this.#maxLatenessUs = options.maxLatenessUs ?? DEFAULT_LATENESS_US;
  }

  /** Takes what there is, works through at most STEP_ROWS rows, commits. */
  async step(): Promise<void> {
    const { merge, fold, inputs } = this.#state;
    const bufferRows = this.#options.bufferRows ?? 65_536;
    const wanted = inputs.filter((_, log) => merge.buffered(log) < bufferRows);
    const batches = await this.#context.poll({
      topics: wanted,
      maxRecords: 64,
      ...(this.#more && { maxWaitMs: 0 }),
    });
    const started = performance.now();
    let records = 0;
    for (const batch of batches) {
      const log = inputs.indexOf(batch.topic);
      for (const record of batch.records) merge.push(log, log === 0 ? tickInput(record, this.#maxLatenessUs) : postInput(record));
      merge.skipTo(log, batch.nextOffset);
      this.#ends.set(batch.topic, batch.endOffset);
      records += batch.records.length;
    }
    if (records > 0) this.#options.observer.polled(records);
    const rows = merge.drain(STEP_ROWS, (_log, input, row) => {
      fold.fold(input, row);
    });
    this.#more = rows === STEP_ROWS;
    await this.#commit(records, rows, started);
    this.#sinceCheckpoint += rows;
    this.#moved ||= records > 0 || rows > 0;
    if (this.#checkpointDue()) await this.checkpoint();
  }

  #checkpointDue(): boolean {
    const { checkpointRows = 20_000, checkpointIntervalMs = 10_000 } = this.#options;
    return this.#sinceCheckpoint >= checkpointRows || performance.now() - this.#lastCheckpoint >= checkpointIntervalMs;
  }

  async #commit(records: number, rows: number, started: number): Promise<void> {
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
    if (outputs.length > 0 || offsets.size > 0) {
      if (offsets.size === 0) offsets.set(inputs[0]!, this.#committed.get(inputs[0]!) ?? merge.position(0).offset);
      await this.#context.commit({ outputs, offsets, metadata: JSON.stringify(this.#written()) });
      for (const [topic, offset] of offsets) this.#committed.set(topic, offset);
    }
    // Rows may have to wait for the other log: what was taken is dealt with all the same.
    if (records > 0 || rows > 0) {
      this.#options.observer.committed({ rows, outputs: outputs.length, lag, ms: performance.now() - started });
    }
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

  async checkpoint(): Promise<void> {
    if (!this.#moved) return;
    const { inputs, merge, fold, partition, task } = this.#state;
    const started = performance.now();
    const { layout, set, observer } = this.#options;
    const outputs = checkpointRecords(layout, task, partition, set, {
      engine: fold.engine,
      ordinals: fold.ordinals,
      positions: new Map(inputs.map((topic, log) => [topic, merge.position(log)])),
    });
    await this.#context.commit({ outputs });
    this.#sinceCheckpoint = 0;
    this.#moved = false;
    this.#lastCheckpoint = performance.now();
    observer.checkpointed({ records: outputs.length, ms: performance.now() - started });
  }
}
