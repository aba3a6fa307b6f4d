/** Puts records behind the ends of their partitions, inside a transaction of the store. */
import { blockKey, decodeNumber, deletionKey, encodeNumbers, newestKey } from './keys.ts';
import type { BlockEncoder } from './block-encoder.ts';
import type { Partition } from './catalog.ts';
import type { Extents } from './extent.ts';
import type { PendingRecord } from './record.ts';
import type { Writer } from './store.ts';

/** A block is closed when its records reach this many bytes. */
const BLOCK_BYTES = 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** Records by partition, in the order of appending. */
export type Staged = ReadonlyMap<Partition, readonly PendingRecord[]>;

export function stage(records: readonly PendingRecord[], staged: Map<Partition, PendingRecord[]>): void {
  let last: Partition | undefined;
  let list: PendingRecord[] = [];
  for (const record of records) {
    if (record.partition !== last) {
      last = record.partition;
      list = staged.get(last) ?? [];
      staged.set(last, list);
    }
    list.push(record);
  }
}

/** Where and how an appending transaction writes. */
export interface Appending {
  readonly writer: Writer;
  readonly encoder: BlockEncoder;
  /** Of the transaction. */
  readonly extents: Extents;
  /** For records without a timestamp, and of deletions. */
  readonly now: number;
}

/** Writes `staged` and moves the extents on. Gives each record its offset, and a timestamp to those without one. */
export function append(to: Appending, staged: Staged): void {
  for (const [partition, records] of staged) {
    const before = to.extents.get(partition);
    let offset = before.end;
    for (const record of records) {
      record.offset = offset++;
      if (record.timestamp < 0) record.timestamp = to.now;
    }
    const put = partition.topic.compacted ? appendCompacted : appendBlocks;
    const added = put(to, partition, records, before.maxTime);
    const bytes = before.bytes + (partition.topic.compacted ? 0 : added.bytes);
    to.extents.set(partition, { earliest: before.earliest, end: offset, maxTime: added.maxTime, bytes });
  }
}

interface Added {
  readonly maxTime: number;
  /** Of the blocks. */
  readonly bytes: number;
}

function appendBlocks(to: Appending, partition: Partition, records: readonly PendingRecord[], timeBefore: number): Added {
  let maxTime = timeBefore;
  let stored = 0;
  let from = 0;
  while (from < records.length) {
    let until = from;
    let bytes = 0;
    do bytes += records[until++]!.bytes;
    while (until < records.length && bytes + records[until]!.bytes <= BLOCK_BYTES);
    const block = from === 0 && until === records.length ? records : records.slice(from, until);
    const put = putBlock(to, partition, block, maxTime);
    maxTime = put.maxTime;
    stored += put.bytes;
    from = until;
  }
  return { maxTime, bytes: stored };
}

/** A block for each record, so that the one before of the same key can go, in the same transaction. */
function appendCompacted(to: Appending, partition: Partition, records: readonly PendingRecord[], timeBefore: number): Added {
  const { topic, index } = partition;
  const { writer } = to;
  let maxTime = timeBefore;
  for (const record of records) {
    const newest = newestKey(topic.id, index, record.key!);
    const before = writer.get(newest);
    if (before !== undefined) writer.remove(blockKey(topic.id, index, decodeNumber(before)));
    ({ maxTime } = putBlock(to, partition, [record], maxTime));
    writer.put(newest, encodeNumbers(record.offset));
    // By the time of appending: a timestamp may be of any time, and followers need the whole wait.
    if (record.value === null) writer.put(deletionKey(to.now, topic.id, index, record.offset), NOTHING);
  }
  return { maxTime, bytes: 0 };
}

function putBlock(to: Appending, partition: Partition, records: readonly PendingRecord[], timeBefore: number): Added {
  const base = records[0]!.offset;
  const block = to.encoder.encode(records, base, timeBefore);
  to.writer.put(blockKey(partition.topic.id, partition.index, base), block);
  let maxTime = timeBefore;
  for (const { timestamp } of records) if (timestamp > maxTime) maxTime = timestamp;
  return { maxTime, bytes: block.length };
}
