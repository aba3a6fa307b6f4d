/** Snapshots of a training task on the compacted `models` topic; older versions are retired. */
import { SectionAssembler, retireRecords, snapshotRecords, type AssembledSnapshot } from '#models';
import { asForetickError, type ForetickError, type SnapshotManifest, type TopicLayout } from '#proto';
import type { OutputRecord, Queue } from '#queue';

import { targetMessage } from '../training/target.ts';
import type { Trainer } from '../training/trainer.ts';
import type { TrainingTaskOptions } from './training-task.ts';

/** Versions kept: the newest, and one to fall back on. */
const KEEP = 2;

export interface KnownSnapshots {
  /** The newest that is whole. */
  readonly newest: AssembledSnapshot | undefined;
  /** Manifests of whole snapshots on the topic, oldest first. */
  manifests: SnapshotManifest[];
  /** Why newer ones were passed over. */
  readonly refused: readonly ForetickError[];
  /** Records read to know it. */
  readonly records: number;
}

/**
 * What the topic holds of a model's shard. A broken snapshot costs no more than working through the log again from the one
 * before it; SNAPSHOT_CORRUPT when there is none before it. The queue may keep what was replaced or retired until it gets round to
 * compacting: a version counts as its newest whole manifest says, and not at all once that has a tombstone.
 */
export async function newestSnapshots(queue: Queue, layout: TopicLayout, model: string, shard: number): Promise<KnownSnapshots> {
  const assembler = new SectionAssembler();
  const prefix = `${model}/${shard}/`;
  const whole = new Map<string, AssembledSnapshot>();
  let refused: ForetickError[] = [];
  let records = 0;
  const topic = layout.name('models');
  for await (const batch of queue.read({ topic, partitions: [shard], from: 'earliest', toEnd: true })) {
    records += batch.records.length;
    for (const record of batch.records) {
      const key = record.key === null ? '' : Buffer.from(record.key).toString('utf8');
      if (!key.startsWith(prefix)) continue;
      if (record.value === null) whole.delete(key);
      try {
        const snapshot = assembler.push(record);
        if (!snapshot) continue;
        whole.delete(key);
        whole.set(key, snapshot);
        refused = [];
      } catch (error) {
        refused.push(asForetickError(error));
      }
    }
  }
  const snapshots = [...whole.values()];
  const newest = snapshots.at(-1);
  if (!newest && refused.length > 0) throw refused[0]!;
  return { newest, manifests: snapshots.map(({ manifest }) => manifest), refused, records };
}

/** Records of a snapshot at `offset`, and tombstones of versions it replaces. Updates `known`. */
export function snapshotOutputs(options: TrainingTaskOptions, shard: number, trainer: Trainer, offset: number, known: KnownSnapshots): OutputRecord[] {
  const { layout, spec, featureSet, featureNames, target } = options;
  const { manifest, records } = snapshotRecords(
    {
      model: spec.name,
      shard,
      version: trainer.model.step,
      featureSet,
      features: [...featureNames],
      target: targetMessage(target),
      offset,
      rereadOffset: trainer.rereadOffset(offset),
      rows: trainer.rows,
      outcomes: trainer.outcomes,
      evaluations: trainer.evaluations,
      eventTimeUs: trainer.eventTime,
    },
    trainer.save(),
  );
  const others = known.manifests.filter(({ version }) => version !== manifest.version);
  const kept = [...others, manifest].slice(-KEEP);
  const retired = others.filter((other) => !kept.includes(other)).flatMap(retireRecords);
  known.manifests = kept;
  const topic = layout.name('models');
  return [...records, ...retired].map((record) => ({ topic, partition: shard, ...record }));
}
