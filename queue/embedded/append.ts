/** Puts records behind the ends of their partitions, inside a transaction of the store. */
import { decodeNumber, encodeNumbers, blockKey, newestKey } from './keys.ts';
import type { BlockEncoder } from './block.ts';
import { writeExtent, type Extent, type Partition } from './catalog.ts';
import type { PendingRecord } from './record.ts';
import type { Writer } from './store.ts';

/** A block is closed when its records reach this many bytes. */
const BLOCK_BYTES = 1024 * 1024;

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
  /** For records without a timestamp. */
  readonly now: number;
}

/**
 * Writes `staged` and answers the extents that hold once the transaction is committed. Gives each record
 * its offset, and a timestamp to those without one.
 */
export function append(to: Appending, staged: Staged): Map<Partition, Extent> {
  const extents = new Map<Partition, Extent>();
  for (const [partition, records] of staged) {
    let offset = partition.extent.end;
    for (const record of records) {
      record.offset = offset++;
      if (record.timestamp < 0) record.timestamp = to.now;
    }
    const maxTime = partition.topic.compacted
      ? appendCompacted(to, partition, records)
      : appendBlocks(to, partition, records);
    const extent = { earliest: partition.extent.earliest, end: offset, maxTime };
    writeExtent(to.writer, partition, extent);
    extents.set(partition, extent);
  }
  return extents;
}

function appendBlocks(to: Appending, partition: Partition, records: readonly PendingRecord[]): number {
  let maxTime = partition.extent.maxTime;
  let from = 0;
  while (from < records.length) {
    let until = from;
    let bytes = 0;
    do bytes += records[until++]!.bytes;
    while (until < records.length && bytes + records[until]!.bytes <= BLOCK_BYTES);
    const block = from === 0 && until === records.length ? records : records.slice(from, until);
    maxTime = putBlock(to, partition, block, maxTime);
    from = until;
  }
  return maxTime;
}

/** A block for each record, so that the one before of the same key can go, in the same transaction. */
function appendCompacted(to: Appending, partition: Partition, records: readonly PendingRecord[]): number {
  const { topic, index } = partition;
  const { writer } = to;
  let { maxTime } = partition.extent;
  for (const record of records) {
    const newest = newestKey(topic.id, index, record.key!);
    const before = writer.get(newest);
    if (before !== undefined) writer.remove(blockKey(topic.id, index, decodeNumber(before)));
    maxTime = putBlock(to, partition, [record], maxTime);
    writer.put(newest, encodeNumbers(record.offset));
  }
  return maxTime;
}

function putBlock(to: Appending, partition: Partition, records: readonly PendingRecord[], maxTime: number): number {
  const base = records[0]!.offset;
  to.writer.put(blockKey(partition.topic.id, partition.index, base), to.encoder.encode(records, base, maxTime));
  for (const { timestamp } of records) if (timestamp > maxTime) maxTime = timestamp;
  return maxTime;
}
