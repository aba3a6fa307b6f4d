/** How far a partition reaches, and how that is stored: earliest, end, maxTime, bytes, as f64 each. */
import type { Partition } from './catalog.ts';
import { blockKey, decodeNumber, encodeNumbers, partitionKey } from './keys.ts';
import type { Reader, Writer } from './store.ts';

export interface Extent {
  /** Oldest offset kept. */
  readonly earliest: number;
  /** Offset the next record gets. */
  readonly end: number;
  /** Newest timestamp so far; 0 before the first record. */
  readonly maxTime: number;
  /** Of all blocks; 0 in compacted topics, where nobody needs it. */
  readonly bytes: number;
}

export const EMPTY: Extent = { earliest: 0, end: 0, maxTime: 0, bytes: 0 };

export function readExtent(reader: Reader, topicId: number, index: number, compacted: boolean): Extent {
  const value = reader.get(partitionKey(topicId, index));
  if (value === undefined) return EMPTY;
  const [earliest, end, maxTime] = [decodeNumber(value, 0), decodeNumber(value, 1), decodeNumber(value, 2)];
  const old = value.length < 32; // Written before bytes were counted.
  const bytes = old ? (compacted ? 0 : countBytes(reader, topicId, index, earliest, end)) : decodeNumber(value, 3);
  return { earliest, end, maxTime, bytes };
}

function countBytes(reader: Reader, topicId: number, index: number, earliest: number, end: number): number {
  let bytes = 0;
  for (const { value } of reader.range(blockKey(topicId, index, earliest), blockKey(topicId, index, end))) bytes += value.length;
  return bytes;
}

/** Extents as a transaction sees and changes them; those in memory change when it is committed. */
export class Extents {
  readonly #changed = new Map<Partition, Extent>();
  readonly #writer: Writer;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  get(partition: Partition): Extent {
    return this.#changed.get(partition) ?? partition.extent;
  }

  set(partition: Partition, extent: Extent): void {
    const { earliest, end, maxTime, bytes } = extent;
    this.#writer.put(partitionKey(partition.topic.id, partition.index), encodeNumbers(earliest, end, maxTime, bytes));
    this.#changed.set(partition, extent);
  }

  /** Once the transaction is committed: partitions whose extent has changed. */
  publish(): Partition[] {
    for (const [partition, extent] of this.#changed) partition.extent = extent;
    return [...this.#changed.keys()];
  }
}
