/** Looks at every block, record and index entry of one partition. */
import { BlockReader } from './block.ts';
import type { Partition } from './catalog.ts';
import type { Extent } from './extent.ts';
import { blockKey, decodeNumber, groupOfPositionKey, newestKey, newestKeys, offsetOfBlockKey, positionKeys } from './keys.ts';
import type { Reader } from './store.ts';

/** From `from` on, up to `until`, not included. */
interface Range {
  readonly from: number;
  readonly until: number;
}

export interface PartitionCheck {
  readonly partition: Partition;
  /** What the blocks say. */
  readonly extent: Extent;
  readonly extentWrong: boolean;
  readonly blocks: number;
  readonly records: number;
  readonly corrupt: readonly Range[];
  readonly missing: readonly Range[];
  /** Newest timestamp before each corrupt or missing range, by its first offset. */
  readonly timeBefore: ReadonlyMap<number, number>;
  readonly lost: readonly Range[];
  readonly strays: readonly number[];
  readonly index: IndexCheck;
  readonly positions: readonly { readonly group: string; readonly offset: number }[];
}

export interface IndexCheck {
  /** Entries that should be, with their offsets. */
  readonly missing: readonly { readonly key: Uint8Array; readonly offset: number }[];
  /** Entries that point to no record of their key. */
  readonly stale: readonly Uint8Array[];
  /** Records with a newer one of the same key. */
  readonly superseded: readonly number[];
}

interface Block {
  readonly offset: number;
  readonly bytes: number;
  /** Absent: corrupt. */
  readonly content?: { readonly count: number; readonly timeSoFar: number; readonly lost: boolean; readonly key: Uint8Array | null };
}

export function checkPartition(reader: Reader, partition: Partition): PartitionCheck {
  const { topic, index } = partition;
  const blocks: Block[] = [];
  for (const { key, value } of reader.range(blockKey(topic.id, index, 0), blockKey(topic.id, index, Number.MAX_SAFE_INTEGER))) {
    blocks.push(readBlock(offsetOfBlockKey(key), value, partition));
  }
  const walked = walk(blocks, partition);
  const { extent: stored } = partition;
  const { extent } = walked;
  const extentWrong =
    stored.earliest !== extent.earliest || stored.end !== extent.end || stored.maxTime < extent.maxTime || stored.bytes !== extent.bytes;
  const none: IndexCheck = { missing: [], stale: [], superseded: [] };
  return { partition, ...walked, extentWrong, index: topic.compacted ? checkIndex(reader, blocks, partition) : none, positions: positionsOf(reader, partition) };
}

/** Reads all records, so that a block is whole in more than its checksum. */
function readBlock(offset: number, value: Buffer, { topic, index }: Partition): Block {
  try {
    const block = new BlockReader(value, topic.spec.name, index);
    const { base, count, timeSoFar, lost } = block.header;
    if (base !== offset || (topic.compacted && count !== 1)) return { offset, bytes: value.length };
    let key: Uint8Array | null = null;
    while (!block.done) ({ key } = block.next());
    return { offset, bytes: value.length, content: { count, timeSoFar, lost, key: topic.compacted ? key : null } };
  } catch {
    return { offset, bytes: value.length }; // Whatever it is that cannot be read, it is not what was written.
  }
}

function walk(blocks: readonly Block[], { topic, extent: stored }: Partition) {
  const sound = [stored.earliest, stored.end].every((n) => Number.isSafeInteger(n) && n >= 0) && stored.earliest <= stored.end;
  const earliest = sound ? stored.earliest : (blocks[0]?.offset ?? 0);
  const corrupt: Range[] = [];
  const missing: Range[] = [];
  const lost: Range[] = [];
  const timeBefore = new Map<number, number>();
  const strays: number[] = [];
  let at = earliest;
  let [records, maxTime, bytes] = [0, 0, 0];
  const gap = (list: Range[], from: number, until: number): void => {
    list.push({ from, until });
    timeBefore.set(from, maxTime);
    at = until;
  };
  const nextReadable: number[] = new Array<number>(blocks.length);
  for (let i = blocks.length - 1; i >= 0; i--) {
    nextReadable[i] = blocks[i]!.content === undefined ? (nextReadable[i + 1] ?? Infinity) : blocks[i]!.offset;
  }
  blocks.forEach((block, i) => {
    const { offset, content } = block;
    if (offset < at) {
      strays.push(offset);
      return;
    }
    if (offset > at && !topic.compacted) gap(missing, at, offset);
    const next = blocks[i + 1]?.offset ?? Infinity;
    // One that can be read is believed before one that cannot.
    const nextSound = nextReadable[i + 1] ?? Infinity;
    bytes += topic.compacted ? 0 : block.bytes;
    if (content === undefined || offset + content.count > nextSound) {
      const end = sound ? stored.end : offset + 1;
      gap(corrupt, offset, topic.compacted ? offset + 1 : Math.max(offset + 1, Math.min(next, end)));
      return;
    }
    at = offset + content.count;
    maxTime = Math.max(maxTime, content.timeSoFar);
    if (content.lost) lost.push({ from: offset, until: at });
    else records += content.count;
  });
  const end = Math.max(at, sound ? stored.end : 0);
  if (at < end && !topic.compacted) gap(missing, at, end);
  const newest = Number.isFinite(stored.maxTime) ? Math.max(stored.maxTime, maxTime) : maxTime;
  return { extent: { earliest, end, maxTime: newest, bytes }, blocks: blocks.length, records, corrupt, missing, lost, strays, timeBefore };
}

function checkIndex(reader: Reader, blocks: readonly Block[], { topic, index }: Partition): IndexCheck {
  const newest = new Map<string, { key: Uint8Array; offset: number }>();
  const superseded: number[] = [];
  for (const { offset, content } of blocks) {
    if (content === undefined || content.key === null) continue;
    const key = newestKey(topic.id, index, content.key);
    const before = newest.get(key.toString('latin1'));
    if (before !== undefined) superseded.push(before.offset);
    newest.set(key.toString('latin1'), { key, offset });
  }
  const stale: Uint8Array[] = [];
  for (const { key, value } of reader.range(...newestKeys(topic.id, index))) {
    const text = Buffer.from(key).toString('latin1');
    const wanted = newest.get(text);
    if (wanted === undefined) stale.push(key);
    else if (value.length === 8 && decodeNumber(value) === wanted.offset) newest.delete(text);
  }
  return { missing: [...newest.values()], stale, superseded };
}

function positionsOf(reader: Reader, { topic, index }: Partition): { group: string; offset: number }[] {
  const positions: { group: string; offset: number }[] = [];
  for (const { key, value } of reader.range(...positionKeys(topic.id, index))) {
    positions.push({ group: groupOfPositionKey(key), offset: decodeNumber(value) });
  }
  return positions;
}
