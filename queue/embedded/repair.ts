/** Mends what an inspection finds and can be mended; what is given up is kept in `lost/` and reported. */
import { closeSync, fsyncSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EMPTY, Extents } from './extent.ts';
import type { PartitionCheck } from './check-partition.ts';
import { assertQueue } from './data-file.ts';
import type { LostRange, Repair } from './finding.ts';
import { encodeHole } from './hole.ts';
import { inspectStore } from './inspect.ts';
import { blockKey, encodeNumbers, positionKey } from './keys.ts';
import { openLmdbStore } from './lmdb-store.ts';
import { lockState } from './lock.ts';
import { openLocked } from './open.ts';
import type { Reader, Store, Writer } from './store.ts';

/** Most records that a header counts. */
const LARGEST_HOLE = 0xffff_ffff;

/**
 * Offsets are never given a second time: where records are gone a marked gap stays, and the end stays where it
 * was. Each partition is mended in one transaction, so a repair that is cut off may simply be run again.
 * DATA_DIR_LOCKED while a process uses the directory, FILE_UNREADABLE when there is no queue.
 */
export async function repairEmbeddedQueue(directory: string): Promise<Repair> {
  assertQueue(directory);
  const left = lockState(directory);
  const { store, lock } = await openLocked(directory, openLmdbStore);
  try {
    const { inspection: before, checks } = inspectStore(directory, store, left);
    const readable = before.findings.every(({ kind }) => kind !== 'damaged-file');
    const lost = checks.flatMap((check) => mend(directory, store, check));
    if (readable) {
      store.tidy?.();
      if (before.findings.some(({ kind }) => kind === 'wasted-space')) await store.compact?.();
    }
    const { inspection: after } = inspectStore(directory, store, { state: 'free' });
    return { before, after, lost, givenBack: Math.max(0, (before.space?.bytes ?? 0) - (after.space?.bytes ?? 0)) };
  } finally {
    await store.close();
    lock.release();
  }
}

function mend(directory: string, store: Store, check: PartitionCheck): LostRange[] {
  const { partition, corrupt, missing, strays, index, extent, positions } = check;
  const { topic } = partition;
  const place = { topic: topic.spec.name, partition: partition.index };
  const key = (offset: number): Buffer => blockKey(topic.id, partition.index, offset);
  const beyond = positions.filter(({ offset }) => offset > extent.end || !Number.isSafeInteger(offset));
  const sound =
    corrupt.length + missing.length + strays.length + beyond.length === 0 &&
    index.missing.length + index.stale.length + index.superseded.length === 0 && !check.extentWrong;
  if (sound) return [];
  const lost = [
    ...[...corrupt, ...strays.map((from) => ({ from, until: from + 1 }))].map(({ from, until }) => ({
      ...place, from, until, file: keep(directory, store, key(from), `${place.topic}-${place.partition}-${from}.block`),
    })),
    ...missing.map(({ from, until }) => ({ ...place, from, until, file: null })),
  ];
  store.transaction((writer) => {
    for (const offset of strays) writer.remove(key(offset));
    for (const { from } of corrupt) writer.remove(key(from));
    if (!topic.compacted) for (const { from, until } of [...corrupt, ...missing]) putHoles(writer, check, from, until);
    for (const offset of index.superseded) writer.remove(key(offset));
    for (const entry of index.stale) writer.remove(entry);
    for (const { key: entry, offset } of index.missing) writer.put(entry, encodeNumbers(offset));
    for (const { group } of beyond) writer.put(positionKey(topic.id, partition.index, group), encodeNumbers(extent.end));
    const bytes = topic.compacted ? EMPTY.bytes : bytesOf(writer, key(extent.earliest), key(extent.end));
    new Extents(writer).set(partition, { ...extent, bytes });
  });
  return lost.sort((left, right) => left.from - right.from);
}

function putHoles(writer: Writer, { partition, timeBefore }: PartitionCheck, from: number, until: number): void {
  for (let base = from; base < until; base += LARGEST_HOLE) {
    const hole = encodeHole(base, Math.min(LARGEST_HOLE, until - base), timeBefore.get(from) ?? 0);
    writer.put(blockKey(partition.topic.id, partition.index, base), hole);
  }
}

function bytesOf(reader: Reader, from: Uint8Array, to: Uint8Array): number {
  let bytes = 0;
  for (const { value } of reader.range(from, to)) bytes += value.length;
  return bytes;
}

/** On disk before the transaction that takes the block away. */
function keep(directory: string, store: Store, key: Uint8Array, name: string): string | null {
  const block = store.get(key);
  if (block === undefined) return null;
  const path = join(directory, 'lost', name);
  mkdirSync(join(directory, 'lost'), { recursive: true });
  const file = openSync(path, 'w');
  try {
    writeFileSync(file, block);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return path;
}
