/**
 * The feature worker: one task a partition of quotes and posts.
 *
 * Order of things, which tests hold it to: restore the newest checkpoint; read on from its positions with outputs
 * that are already committed suppressed; then, for each batch or interval, one commit of rows, dead letters and positions; after
 * a commit, every so many rows and on the way out, a checkpoint.
 */
import type { FeatureEngineOptions, FeatureSet } from '#features';
import type { TopicLayout } from '#proto';
import type { Queue, Task, TaskContext } from '#queue';

import { restoreFeatures } from './feature-checkpoint.ts';
import { FeatureFold } from './feature-fold.ts';
import type { FeatureInput } from './feature-input.ts';
import { FeatureLoop, committedOrdinals } from './feature-loop.ts';
import { Merge } from './merge.ts';
import type { WorkerObserver } from './observer.ts';
import type { PaceOptions } from './pace.ts';

export interface FeatureTaskOptions extends FeatureEngineOptions, PaceOptions {
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
  /** Bytes of a dead letter's value, at most: longer ones are cut. @default 8 MiB */
  readonly maxLetterBytes?: number;
  readonly observer: WorkerObserver;
}

const DEFAULT_LATENESS_US = 60e6;

export function featureTask(options: FeatureTaskOptions, partition: number): Task {
  return { run: (context) => runFeatureTask(options, partition, context) };
}

async function runFeatureTask(options: FeatureTaskOptions, partition: number, context: TaskContext): Promise<void> {
  const { layout, set, observer, maxLatenessUs = DEFAULT_LATENESS_US } = options;
  const task = `features/${partition}`;
  const inputs = [layout.name('quotes'), layout.name('posts')];
  const started = performance.now();
  const restored = await restoreFeatures(options, task, partition);
  const { engine, ordinals, seen, records } = restored;
  const positions = inputs.map((topic) => restored.positions.get(topic) ?? { offset: 0, row: 0, clock: 0 });
  const merge = new Merge<FeatureInput>(positions);
  inputs.forEach((topic, log) => {
    context.seek(topic, positions[log]!.offset);
  });
  const fold = new FeatureFold(
    engine,
    ordinals,
    committedOrdinals(context.metadata),
    {
      layout,
      partition,
      task,
      featureSet: set.id,
      names: set.names,
      batchRows: options.batchRows ?? 1024,
      maxLatenessUs,
      maxFutureUs: options.maxFutureUs ?? 1e6,
      ...(options.maxLetterBytes !== undefined && { maxLetterBytes: options.maxLetterBytes }),
      onDeadLetter: (code) => {
        observer.deadLetter(code);
      },
    },
    seen,
  );
  const behind = inputs.reduce((sum, topic, log) => sum + Math.max(0, (context.committed.get(topic) ?? 0) - positions[log]!.offset), 0);
  const from = restored.positions.size > 0 ? 'checkpoint' : 'nothing';
  observer.restored({ from, behind, rows: engine.size, records, ms: performance.now() - started });

  const loop = new FeatureLoop({ ...options, maxLatenessUs }, context, { partition, task, inputs, merge, fold });
  while (!context.signal.aborted) await loop.step();
  await loop.finish();
}
