/**
 * Snapshots on the `models` topic: chunks, then a manifest that makes them count.
 *
 * Keys are `model/shard/version/part`: parts `0`, `1`, … and last `manifest`. A version is retired with
 * tombstones for all its keys. Readers take the newest manifest whose chunks are whole and match its digest.
 */
import { createHash } from 'node:crypto';

import {
  CONTENT_JSON,
  CONTENT_PROTOBUF,
  SCHEMA,
  Snapshot,
  SnapshotManifest,
  decodeJson,
  fail,
  headersOf,
  type SnapshotSection,
} from '#proto';

import type { Model } from './model.ts';
import { createModel, type ModelSpec } from './registry.ts';
import { SectionReader, section } from './section.ts';

export type Sections = Readonly<Record<string, SnapshotSection>>;

const CHUNK_BYTES = 512 * 1024;

export interface SnapshotRecord {
  readonly key: string;
  readonly value: Uint8Array | string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

type ManifestFields = Omit<SnapshotManifest, 'chunks' | 'bytes' | 'sha256' | 'weightsSha256'>;

/** Digest of the learned part alone: the `model` section. Equal weights give equal digests. */
export function weightsDigest(model: SnapshotSection): string {
  const hash = createHash('sha256').update(model.document);
  for (const tensor of model.tensors) hash.update(`\0${tensor.name}:${tensor.dtype}\0`).update(tensor.data);
  return hash.digest('hex');
}

function keyOf(manifest: { model: string; shard: number; version: number }, part: string | number): string {
  return `${manifest.model}/${manifest.shard}/${manifest.version}/${part}`;
}

/** The records of a snapshot, in the order in which they must be appended. `sections.model` is required. */
export function snapshotRecords(fields: ManifestFields, sections: Sections): { manifest: SnapshotManifest; records: SnapshotRecord[] } {
  const bytes = Snapshot.encode(Snapshot.fromPartial({ sections })).finish();
  const chunks = Math.max(1, Math.ceil(bytes.length / CHUNK_BYTES));
  const manifest: SnapshotManifest = {
    ...fields,
    chunks,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    weightsSha256: weightsDigest(sections['model']!),
  };
  const records: SnapshotRecord[] = [];
  for (let chunk = 0; chunk < chunks; chunk++) {
    records.push({
      key: keyOf(manifest, chunk),
      value: bytes.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES),
      headers: headersOf(CONTENT_PROTOBUF, SCHEMA.snapshot),
    });
  }
  records.push({
    key: keyOf(manifest, 'manifest'),
    value: JSON.stringify(manifest),
    headers: headersOf(CONTENT_JSON, SCHEMA.manifest),
  });
  return { manifest, records };
}

/** Tombstones that retire a version; its manifest first, so that no reader starts on half of it. */
export function retireRecords(manifest: SnapshotManifest): SnapshotRecord[] {
  const parts = ['manifest', ...Array.from({ length: manifest.chunks }, (_, chunk) => String(chunk))];
  return parts.map((part) => ({ key: keyOf(manifest, part), value: null }));
}

export interface AssembledSnapshot {
  readonly manifest: SnapshotManifest;
  readonly sections: Sections;
}

interface TopicRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Fed the records of `models` in order, returns a snapshot whenever a manifest completes one. A manifest
 * whose chunks are missing or do not match throws SNAPSHOT_CORRUPT; feeding may go on.
 */
export class SectionAssembler {
  /** Chunks of versions without manifest yet, by key. */
  readonly #chunks = new Map<string, Uint8Array>();

  push(record: TopicRecord): AssembledSnapshot | null {
    const key = record.key === null ? '' : Buffer.from(record.key).toString('utf8');
    const [model, shard, version, part] = key.split('/');
    if (model === undefined || shard === undefined || version === undefined || part === undefined) {
      throw fail('SNAPSHOT_CORRUPT', `no key of a snapshot: ${key}`);
    }
    if (record.value === null) {
      this.#chunks.delete(key);
      return null;
    }
    if (part !== 'manifest') {
      this.#chunks.set(key, record.value);
      return null;
    }
    const manifest = decodeJson(record.value, SnapshotManifest);
    const parts: Uint8Array[] = [];
    // Never more than there are, whatever the manifest says.
    if (manifest.chunks > this.#chunks.size) {
      throw fail('SNAPSHOT_CORRUPT', `snapshot ${model}/${shard}/${version}: ${manifest.chunks} chunks, fewer are there`);
    }
    for (let chunk = 0; chunk < manifest.chunks; chunk++) {
      const bytes = this.#chunks.get(keyOf(manifest, chunk));
      this.#chunks.delete(keyOf(manifest, chunk));
      if (bytes) parts.push(bytes);
    }
    const bytes = Buffer.concat(parts);
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (parts.length !== manifest.chunks || digest !== manifest.sha256) {
      throw fail('SNAPSHOT_CORRUPT', `snapshot ${model}/${shard}/${version}: ${parts.length} of ${manifest.chunks} chunks`);
    }
    return { manifest, sections: Snapshot.decode(bytes).sections };
  }
}

/** What the `about` section of every snapshot holds: enough to build the model again. */
export interface About {
  readonly spec: ModelSpec;
  readonly classes: readonly string[];
  readonly instruments: readonly string[];
}

export function aboutSection(about: About): SnapshotSection {
  return section(about);
}

export function aboutOf(sections: Sections): About {
  return new SectionReader<About>(sections['about'], 'about').document;
}

/** A model as servers use it: weights that never change. */
export interface PublishedModel {
  readonly manifest: SnapshotManifest;
  readonly model: Model;
  readonly classNames: readonly string[];
  /** Dense id the model knows an instrument by; -1 when it does not. */
  instrumentId(name: string): number;
}

/** Builds the model of a snapshot. SNAPSHOT_CORRUPT, CONFIG_INVALID when it is of an unknown kind. */
export function publishedModel(snapshot: AssembledSnapshot): PublishedModel {
  const { manifest, sections } = snapshot;
  const about = aboutOf(sections);
  const model = createModel(about.spec, { width: manifest.features.length, classes: about.classes.length });
  const state = sections['model'];
  if (!state) throw fail('SNAPSHOT_CORRUPT', 'section model is missing');
  model.restore(state);
  const ids = new Map(about.instruments.map((name, id) => [name, id]));
  return { manifest, model, classNames: about.classes, instrumentId: (name) => ids.get(name) ?? -1 };
}

/** SectionAssembler that hands out ready models, for servers. */
export class SnapshotAssembler {
  readonly #assembler = new SectionAssembler();

  push(record: TopicRecord): PublishedModel | null {
    const snapshot = this.#assembler.push(record);
    return snapshot === null ? null : publishedModel(snapshot);
  }
}
