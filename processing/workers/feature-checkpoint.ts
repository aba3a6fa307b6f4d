/**
 * Checkpoints of a feature task on the compacted `changelog`: state rows changed since the last one, and a manifest that
 * says which input positions and ordinals they belong to, in one commit.
 */
import { FeatureEngine, type FeatureEngineOptions, type FeatureSet } from '#features';
import {
  CONTENT_JSON,
  CONTENT_PROTOBUF,
  FeatureCheckpoint,
  FeatureState,
  SCHEMA,
  decodeJson,
  fail,
  headersOf,
  type TopicLayout,
} from '#proto';
import type { OutputRecord, Queue } from '#queue';

import type { Ordinals } from './feature-fold.ts';
import type { MergePosition } from './merge.ts';
import { SeenRows } from './seen.ts';

/** No instrument begins with an exclamation mark: it has a venue first. */
const MANIFEST = '!manifest';

export interface FeatureTaskState {
  readonly engine: FeatureEngine;
  readonly ordinals: Ordinals;
  /** By input topic; absent before the first checkpoint. */
  readonly positions: ReadonlyMap<string, MergePosition>;
  readonly seen: SeenRows;
}

export interface RestoredFeatures extends FeatureTaskState {
  /** Records read to get it. */
  readonly records: number;
}

/**
 * Newest checkpoint of a task, or an empty state. FEATURE_SET_MISMATCH when it is of another set. Reads one compacted partition: as
 * long as the queue keeps it compacted, the cost goes with the instruments of the task, not with its history.
 */
export async function restoreFeatures(
  { queue, layout, set, sentimentOf }: { queue: Queue; layout: TopicLayout; set: FeatureSet } & FeatureEngineOptions,
  task: string,
  partition: number,
): Promise<RestoredFeatures> {
  const states = new Map<string, FeatureState>();
  let manifest: FeatureCheckpoint | undefined;
  let records = 0;
  const prefix = `${task}/`;
  const topic = layout.name('changelog');
  for await (const batch of queue.read({ topic, partitions: [partition], from: 'earliest', toEnd: true })) {
    records += batch.records.length;
    for (const { key, value } of batch.records) {
      const name = key === null ? '' : Buffer.from(key).toString('utf8');
      if (!name.startsWith(prefix)) continue;
      const suffix = name.slice(prefix.length);
      if (value === null) states.delete(suffix);
      else if (suffix === MANIFEST) manifest = decodeJson(value, FeatureCheckpoint);
      else states.set(suffix, FeatureState.decode(value));
    }
  }
  const engine = new FeatureEngine(set, { ...(sentimentOf && { sentimentOf }) });
  if (!manifest) return { engine, ordinals: { rows: 0, deadLetters: 0 }, positions: new Map(), seen: new SeenRows(), records };
  if (manifest.featureSet !== set.id) {
    throw fail(
      'FEATURE_SET_MISMATCH',
      `the state of ${task} is of ${manifest.featureSet}, the features are ${set.id}: set features.set back, or begin a new directory or prefix`,
    );
  }
  for (const { instrument, state } of states.values()) {
    const bytes = Uint8Array.from(state);
    engine.loadState(instrument, new Float64Array(bytes.buffer));
  }
  const { offsets, rows, clocks } = manifest;
  const positions = new Map(
    Object.entries(offsets).map(([input, offset]) => [input, { offset, row: rows[input] ?? 0, clock: clocks[input] ?? 0 }]),
  );
  const ordinals = { rows: manifest.ordinal, deadLetters: manifest.deadLetters };
  return { engine, ordinals, positions, seen: SeenRows.restore(manifest.seen), records };
}

/** The records of a checkpoint. Takes the engine's list of changed instruments. */
export function checkpointRecords(
  layout: TopicLayout,
  task: string,
  partition: number,
  set: FeatureSet,
  { engine, ordinals, positions, seen }: FeatureTaskState,
): OutputRecord[] {
  const topic = layout.name('changelog');
  const records: OutputRecord[] = engine.takeDirty().map((id) => {
    const values = engine.saveState(id);
    const state = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    return {
      topic,
      partition,
      key: `${task}/${engine.nameOf(id)}`,
      value: FeatureState.encode({ instrument: engine.nameOf(id), state }).finish(),
      headers: headersOf(CONTENT_PROTOBUF, SCHEMA.state),
    };
  });
  const byInput = (pick: (position: MergePosition) => number): Record<string, number> =>
    Object.fromEntries([...positions].map(([input, position]) => [input, pick(position)]));
  const manifest: FeatureCheckpoint = {
    task,
    featureSet: set.id,
    offsets: byInput((position) => position.offset),
    rows: byInput((position) => position.row),
    clocks: byInput((position) => position.clock),
    ordinal: ordinals.rows,
    deadLetters: ordinals.deadLetters,
    seen: seen.message(),
  };
  records.push({
    topic,
    partition,
    key: `${task}/${MANIFEST}`,
    value: JSON.stringify(manifest),
    headers: headersOf(CONTENT_JSON, SCHEMA.checkpoint),
  });
  return records;
}
