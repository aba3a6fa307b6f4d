/** The versions of models that the log still holds, read from it on demand: rarely asked for, never on the way of a request for a prediction. */
import { Alias, decodeJson, fail, hasCode, type Target, type TopicLayout } from '#proto';
import { SectionAssembler, aboutOf, largestWeights, type AssembledSnapshot, type ClassWeights, type ModelSpec } from '#models';
import type { Queue, QueueRecord } from '#queue';

export interface HeldVersion {
  readonly model: string;
  readonly shard: number;
  /** Learning steps behind the weights. */
  readonly version: number;
  readonly kind: string;
  /** Milliseconds since the epoch. */
  readonly publishedAt: number;
  /** Feature rows seen, and outcomes learned from. */
  readonly rows: number;
  readonly outcomes: number;
  readonly featureSet: string;
  readonly weightsSha256: string;
  readonly bytes: number;
  /** Aliases that answer with it: those of the model, on its newest version. */
  readonly aliases: readonly string[];
}

export interface VersionDetails extends HeldVersion {
  readonly options: ModelSpec;
  readonly target: Target | null;
  readonly classes: readonly string[];
  readonly instruments: readonly string[];
  readonly features: readonly string[];
  /** Null for models that are not linear. */
  readonly weights: readonly ClassWeights[] | null;
}

type Log = Pick<Queue, 'read'>;

const WEIGHTS_SHOWN = 12;

/** By model and shard, newest version first. A snapshot that cannot be read is left out. */
export async function heldVersions(queue: Log, layout: TopicLayout): Promise<HeldVersion[]> {
  return (await snapshots(queue, layout, summary)).sort(order);
}

/**
 * One version, by default the newest; an alias stands for its model. With several shards: that of the first.
 * UNKNOWN_MODEL when the log holds none.
 */
export async function versionDetails(queue: Log, layout: TopicLayout, name: string, version: number | undefined): Promise<VersionDetails> {
  const model = (await championOf(queue, layout, name)) ?? name;
  const held = await snapshots(queue, layout, (snapshot, record, aliases) => (snapshot.manifest.model === model ? details(snapshot, record, aliases) : null));
  const found = held.sort(order).find((candidate) => version === undefined || candidate.version === version);
  if (found) return found;
  const which = version === undefined ? 'no version' : `no version ${version}`;
  throw fail('UNKNOWN_MODEL', `the log holds ${which} of ${JSON.stringify(name.slice(0, 200))}`);
}

const order = (a: HeldVersion, b: HeldVersion): number =>
  a.model === b.model ? a.shard - b.shard || b.version - a.version : a.model < b.model ? -1 : 1;

type Aliases = ReadonlyMap<string, string>;

async function snapshots<T extends HeldVersion>(
  queue: Log,
  layout: TopicLayout,
  describe: (snapshot: AssembledSnapshot, record: QueueRecord, aliases: readonly string[]) => T | null,
): Promise<T[]> {
  const assembler = new SectionAssembler();
  const aliases = await aliasTable(queue, layout);
  const held = new Map<string, T>();
  for await (const { records } of queue.read({ topic: layout.name('models'), from: 'earliest', toEnd: true })) {
    for (const record of records) {
      try {
        const snapshot = assembler.push(record);
        const { model } = snapshot?.manifest ?? { model: '' };
        const names = [...aliases].filter(([, champion]) => champion === model).map(([alias]) => alias);
        const described = snapshot && describe(snapshot, record, names);
        if (described) held.set(`${described.model}/${described.shard}/${described.version}`, described);
        else if (record.value === null && record.key !== null) held.delete(Buffer.from(record.key).toString().replace(/\/manifest$/, ''));
      } catch (error) {
        if (!hasCode(error, 'SNAPSHOT_CORRUPT') && !hasCode(error, 'MALFORMED_RECORD')) throw error; // Servers pass such a one over, too.
      }
    }
  }
  const newest = new Map<string, number>();
  for (const { model, shard, version } of held.values()) newest.set(`${model}/${shard}`, Math.max(version, newest.get(`${model}/${shard}`) ?? -1));
  return [...held.values()].map((one) => (newest.get(`${one.model}/${one.shard}`) === one.version ? one : { ...one, aliases: [] }));
}

async function aliasTable(queue: Log, layout: TopicLayout): Promise<Aliases> {
  const table = new Map<string, string>();
  for await (const { records } of queue.read({ topic: layout.name('aliases'), from: 'earliest', toEnd: true })) {
    for (const { value } of records) {
      if (value === null) continue;
      const { alias, champion } = decodeJson(value, Alias);
      table.set(alias, champion);
    }
  }
  return table;
}

async function championOf(queue: Log, layout: TopicLayout, name: string): Promise<string | undefined> {
  return (await aliasTable(queue, layout)).get(name);
}

function summary({ manifest, sections }: AssembledSnapshot, { timestamp }: QueueRecord, aliases: readonly string[]): HeldVersion {
  const { model, shard, version, rows, outcomes, featureSet, weightsSha256, bytes } = manifest;
  return { model, shard, version, kind: aboutOf(sections).spec.kind, publishedAt: timestamp, rows, outcomes, featureSet, weightsSha256, bytes, aliases };
}

function details(snapshot: AssembledSnapshot, record: QueueRecord, aliases: readonly string[]): VersionDetails {
  const { manifest, sections } = snapshot;
  const { spec, classes, instruments } = aboutOf(sections);
  return {
    ...summary(snapshot, record, aliases),
    options: spec,
    target: manifest.target ?? null,
    classes,
    instruments,
    features: manifest.features,
    weights: largestWeights(sections['model'], manifest.features, classes, WEIGHTS_SHOWN),
  };
}
