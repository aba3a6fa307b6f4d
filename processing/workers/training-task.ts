/**
 * The training worker: one consumer group a model, one task a shard.
 *
 * Order of things, which tests hold it to: restore the newest whole snapshot; read the rows of open predictions again;
 * read on from the snapshot's offset with outputs that are already committed suppressed; then, for each batch or interval, one
 * commit of predictions, outcomes, evaluations and the offset; after a commit, every so many rows and on the way out, a snapshot.
 */
import { aboutOf, createLearner, type AssembledSnapshot, type Model, type ModelSpec } from '#models';
import { ForetickError, decodeFeatures, fail, type FeatureRows, type SnapshotManifest, type TopicLayout } from '#proto';
import type { Queue, QueueRecord, Task, TaskContext } from '#queue';

import { targetMessage } from '../training/target.ts';
import { Trainer, type TrainerOptions } from '../training/trainer.ts';
import type { WorkerObserver } from './observer.ts';
import type { PaceOptions } from './pace.ts';
import { newestSnapshots } from './training-checkpoint.ts';
import { TrainingLoop } from './training-loop.ts';

export interface TrainingTaskOptions extends Omit<TrainerOptions, 'task' | 'width'>, PaceOptions {
  readonly queue: Queue;
  readonly layout: TopicLayout;
  readonly featureNames: readonly string[];
  /** Rows between two snapshots. @default 20000 */
  readonly checkpointRows?: number;
  /** Milliseconds between two snapshots, at most: how old served weights may be. @default 5000 */
  readonly checkpointIntervalMs?: number;
  /** Records of predictions and outcomes: JSON, Arrow, or Arrow from 16 rows on. @default 'auto' */
  readonly format?: 'auto' | 'json' | 'arrow';
  /** Bytes of a dead letter's value, at most: longer ones are cut. @default 8 MiB */
  readonly maxLetterBytes?: number;
  readonly observer: WorkerObserver;
}

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
  let { records } = known;
  if (snapshot) {
    checkSnapshot(options, snapshot);
    trainer.restore(snapshot.sections);
    offset = snapshot.manifest.offset;
    records += await reread(options, shard, trainer, snapshot.manifest);
  }
  context.seek(layout.name('features'), offset);
  const behind = Math.max(0, (context.committed.get(layout.name('features')) ?? 0) - offset);
  observer.restored({ from: snapshot ? 'checkpoint' : 'nothing', behind, rows: trainer.open, records, ms: performance.now() - started });
  const loop = new TrainingLoop(options, shard, context, trainer, known, offset);
  while (!context.signal.aborted) await loop.step();
  await loop.finish();
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

/** Gives open predictions their feature values back. Returns how many records it read. */
async function reread(options: TrainingTaskOptions, shard: number, trainer: Trainer, manifest: SnapshotManifest): Promise<number> {
  const { queue, layout } = options;
  let records = 0;
  const topic = layout.name('features');
  if (!trainer.complete) {
    const offsets = new Map([[shard, manifest.rereadOffset]]);
    for await (const batch of queue.read({ topic, partitions: [shard], from: { offsets }, toEnd: true })) {
      records += batch.records.length;
      for (const record of batch.records) {
        const rows = record.offset < manifest.offset ? readable(record) : null;
        if (rows) trainer.refill(rows);
      }
      if (batch.nextOffset >= manifest.offset) break;
    }
  }
  if (!trainer.complete) throw fail('POSITION_EXPIRED', `rows of open predictions of ${manifest.model} are no longer in ${topic}`);
  return records;
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
