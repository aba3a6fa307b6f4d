/**
 * The training worker: one consumer group a model, one task a shard.
 *
 * Order of things, which tests hold it to: restore the newest whole snapshot; read the rows of open predictions again;
 * read on from the snapshot's offset with outputs that are already committed suppressed; then, for each batch, one
 * commit of predictions, outcomes, evaluations and the offset; after a commit, every so many rows and on the way out, a snapshot.
 */
import { aboutOf, createLearner, type AssembledSnapshot, type Model, type ModelSpec } from '#models';
import { ForetickError, asForetickError, decodeFeatures, fail, type FeatureRows, type SnapshotManifest, type TopicLayout } from '#proto';
import type { OutputRecord, Queue, QueueRecord, Task, TaskContext } from '#queue';

import { targetMessage } from '../training/target.ts';
import { Trainer, type TrainerOptions } from '../training/trainer.ts';
import { deadLetterRecord } from './dead-letters.ts';
import type { WorkerObserver } from './observer.ts';
import { newestSnapshots, snapshotOutputs, type KnownSnapshots } from './training-checkpoint.ts';
import { OutputEncoder, type Written } from './training-output.ts';

export interface TrainingTaskOptions extends Omit<TrainerOptions, 'task' | 'width'> {
  readonly queue: Queue;
  readonly layout: TopicLayout;
  readonly featureNames: readonly string[];
  /** Rows between two snapshots. @default 20000 */
  readonly checkpointRows?: number;
  /** Milliseconds between two snapshots, at most: how old served weights may be. @default 5000 */
  readonly checkpointIntervalMs?: number;
  /** Records of predictions and outcomes: JSON, Arrow, or Arrow from 16 rows on. @default 'auto' */
  readonly format?: 'auto' | 'json' | 'arrow';
  readonly observer: WorkerObserver;
}

/** Rows worked through before a commit, at least one record. */
const STEP_ROWS = 8192;

export function trainingTaskName(model: string, shard: number): string {
  return `training/${model}/${shard}`;
}

export function trainingTask(options: TrainingTaskOptions, shard: number): Task {
  return { run: (context) => runTrainingTask(options, shard, context) };
}

async function runTrainingTask(options: TrainingTaskOptions, shard: number, context: TaskContext): Promise<void> {
  const { spec, featureNames, target } = options;
  const model = await createLearner(spec, { width: featureNames.length, classes: target.classes });
  try {
    await train(options, shard, context, model);
  } finally {
    model.close?.();
  }
}

async function train(options: TrainingTaskOptions, shard: number, context: TaskContext, model: Model): Promise<void> {
  const { queue, layout, observer } = options;
  const started = performance.now();
  const trainer = new Trainer({ ...options, task: trainingTaskName(options.spec.name, shard), width: options.featureNames.length }, model);
  const known = await newestSnapshots(queue, layout, options.spec.name, shard);
  for (const error of known.refused) observer.refused(error);
  const snapshot = known.newest;
  let offset = 0;
  if (snapshot) {
    checkSnapshot(options, snapshot);
    trainer.restore(snapshot.sections);
    offset = snapshot.manifest.offset;
    await reread(options, shard, trainer, snapshot.manifest);
  }
  context.seek(layout.name('features'), offset);
  const behind = Math.max(0, (context.committed.get(layout.name('features')) ?? 0) - offset);
  observer.restored({ from: snapshot ? 'checkpoint' : 'nothing', behind, ms: performance.now() - started });
  const loop = new TrainingLoop(options, shard, context, trainer, known, offset);
  while (!context.signal.aborted) await loop.step();
  await loop.checkpoint();
}

/** What was learned for one question may not go on with another. Rates may change; what shapes the state may not. */
function checkSnapshot(options: TrainingTaskOptions, { manifest, sections }: AssembledSnapshot): void {
  const { featureSet, featureNames, target, spec } = options;
  const same = manifest.featureSet === featureSet && manifest.features.join() === featureNames.join();
  if (!same) {
    throw fail('FEATURE_SET_MISMATCH', `the snapshot of ${spec.name} is of ${manifest.featureSet}, the features are ${featureSet}`);
  }
  if (JSON.stringify(manifest.target) !== JSON.stringify(targetMessage(target))) {
    throw fail('RUN_MISMATCH', `${spec.name} has learned another target: ${JSON.stringify(manifest.target)}`);
  }
  const { spec: before } = aboutOf(sections);
  // Rates may change, and what takes the steps; what shapes the state may not.
  const shapeOf = ({ kind, batch, optimizer, hidden }: ModelSpec): string => [`a ${kind}`, `batches of ${batch}`, optimizer ?? '', hidden?.join('-') ?? ''].filter(Boolean).join(', ');
  if (shapeOf(before) !== shapeOf(spec)) {
    throw fail('RUN_MISMATCH', `${spec.name} was ${shapeOf(before)}; now it is ${shapeOf(spec)}: give the changed model another name`);
  }
}

/** Gives open predictions their feature values back. */
async function reread(options: TrainingTaskOptions, shard: number, trainer: Trainer, manifest: SnapshotManifest): Promise<void> {
  const { queue, layout } = options;
  const topic = layout.name('features');
  if (!trainer.complete) {
    const offsets = new Map([[shard, manifest.rereadOffset]]);
    for await (const batch of queue.read({ topic, partitions: [shard], from: { offsets }, toEnd: true })) {
      for (const record of batch.records) {
        const rows = record.offset < manifest.offset ? readable(record) : null;
        if (rows) trainer.refill(rows);
      }
      if (batch.nextOffset >= manifest.offset) break;
    }
  }
  if (!trainer.complete) throw fail('POSITION_EXPIRED', `rows of open predictions of ${manifest.model} are no longer in ${topic}`);
}

/** Records that could not be read went to dead-letters when they were met first. */
function readable(record: QueueRecord): FeatureRows | null {
  try {
    return decodeFeatures(record);
  } catch (error) {
    if (error instanceof ForetickError) return null;
    throw error;
  }
}

class TrainingLoop {
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
  #end = 0;

  constructor(options: TrainingTaskOptions, shard: number, context: TaskContext, trainer: Trainer, known: KnownSnapshots, offset: number) {
    this.#options = options;
    this.#shard = shard;
    this.#context = context;
    this.#trainer = trainer;
    this.#known = known;
    this.#topic = options.layout.name('features');
    this.#offset = offset;
    this.#lastCheckpoint = known.newest ? performance.now() : Number.NEGATIVE_INFINITY;
    this.#committed = context.committed.get(this.#topic) ?? 0;
    this.#encoder = new OutputEncoder(options.layout, options.format ?? 'auto', writtenBefore(context.metadata));
  }

  async step(): Promise<void> {
    if (this.#queue.length === 0) {
      const [batch] = await this.#context.poll({ maxRecords: 64 });
      if (!batch) return;
      this.#queue = [...batch.records];
      this.#end = batch.endOffset;
      if (batch.records.length === 0) this.#offset = batch.nextOffset;
      this.#options.observer.polled(batch.records.length);
    }
    const started = performance.now();
    const outputs: OutputRecord[] = [];
    let rows = 0;
    let taken = 0;
    while (taken < this.#queue.length && rows < STEP_ROWS) {
      const record = this.#queue[taken++]!;
      const decoded = this.#decode(record, outputs);
      if (decoded) {
        this.#encoder.encode(this.#trainer.process(decoded, record.offset), outputs);
        rows += decoded.length;
      }
      this.#offset = record.offset + 1;
    }
    this.#queue.splice(0, taken);
    if (this.#offset > this.#committed) {
      const offsets = new Map([[this.#topic, this.#offset]]);
      await this.#context.commit({ outputs, offsets, metadata: JSON.stringify(this.#encoder.written) });
      this.#committed = this.#offset;
    }
    this.#options.observer.committed({ rows, outputs: outputs.length, lag: Math.max(0, this.#end - this.#offset), ms: performance.now() - started });
    const { tensors = 0 } = this.#trainer.model;
    if (tensors > 0) this.#options.observer.tensors(tensors);
    this.#sinceCheckpoint += rows;
    if (this.#checkpointDue()) await this.checkpoint();
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
        outputs.push(deadLetterRecord(this.#options.layout, letter));
      }
      return null;
    }
  }

  async checkpoint(): Promise<void> {
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
