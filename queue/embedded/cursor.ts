/** A place in a partition from which records are read on. */
import { fail } from '#proto';
import type { QueueRecord, RecordBatch } from '../port.ts';
import { BlockReader } from './block.ts';
import type { Partition } from './catalog.ts';
import { blockKey, offsetOfBlockKey } from './keys.ts';
import type { Reader } from './store.ts';

export interface TakeLimits {
  readonly maxRecords: number;
  /** Of values; one record is taken even when it is larger. */
  readonly maxBytes: number;
  /** Records from this offset on are not taken. @default the end */
  readonly before?: number;
}

/** Keeps at most one decoded block: the one it is in the middle of. */
export class PartitionCursor {
  readonly partition: Partition;
  readonly #reader: Reader;
  #position: number;
  #open: BlockReader | undefined;
  /** Whether a block begins at the position, in a log without gaps. */
  #atBlock = false;

  constructor(reader: Reader, partition: Partition, position: number) {
    this.#reader = reader;
    this.partition = partition;
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  seek(position: number): void {
    this.#position = position;
    this.#open = undefined;
    this.#atBlock = false;
  }

  /** Whether a block is held, of which records are still to be taken. */
  get midBlock(): boolean {
    return this.#open !== undefined;
  }

  /** Upper bound of the records ahead. */
  get ahead(): number {
    return Math.max(0, this.partition.extent.end - this.#position);
  }

  /** Next records, up to the limits; undefined when there are none. POSITION_EXPIRED, DATA_CORRUPT. */
  take(limits: TakeLimits): RecordBatch | undefined {
    const { extent, topic, index } = this.partition;
    if (this.#position < extent.earliest) {
      throw fail(
        'POSITION_EXPIRED',
        `Offset ${this.#position} of "${topic.spec.name}", partition ${index}, is gone; the oldest is ${extent.earliest}.`,
        { details: { topic: topic.spec.name, partition: index, offset: this.#position, earliest: extent.earliest } },
      );
    }
    const stop = Math.min(limits.before ?? Infinity, extent.end);
    const records: QueueRecord[] = [];
    const bytes = this.#drain(records, 0, stop, limits);
    if (this.#open === undefined && this.#position < stop && bytes < limits.maxBytes && records.length < limits.maxRecords) {
      this.#advance(records, bytes, stop, limits);
    }
    if (records.length === 0) return undefined;
    return { topic: topic.spec.name, partition: index, records, nextOffset: this.#position, endOffset: extent.end };
  }

  /** Goes through the blocks from the position on, until a limit is met or none is left before `stop`. */
  #advance(records: QueueRecord[], bytes: number, stop: number, limits: TakeLimits): void {
    const { topic, index } = this.partition;
    const from = this.#atBlock || topic.compacted ? this.#position : this.#blockStart();
    for (const { key, value } of this.#reader.range(
      blockKey(topic.id, index, from),
      blockKey(topic.id, index, stop),
    )) {
      const block = new BlockReader(value, topic.spec.name, index);
      this.#checkPlace(block, offsetOfBlockKey(key));
      while (block.offset < this.#position && !block.done) block.next();
      this.#position = block.offset;
      this.#open = block;
      bytes = this.#drain(records, bytes, stop, limits);
      if (!block.done || bytes >= limits.maxBytes || records.length >= limits.maxRecords) return;
    }
    if (this.#position < stop) {
      if (!topic.compacted) throw this.#corrupt('ends early');
      this.#position = stop;
    }
  }

  #checkPlace(block: BlockReader, offset: number): void {
    const { base, count } = block.header;
    if (base !== offset) throw this.#corrupt(`has the block of ${base} at ${offset}`);
    if (!this.partition.topic.compacted && (base > this.#position || base + count <= this.#position)) {
      throw this.#corrupt('has a gap');
    }
  }

  #corrupt(what: string): Error {
    const { topic, index } = this.partition;
    return fail('DATA_CORRUPT', `Partition ${index} of "${topic.spec.name}" ${what}, at offset ${this.#position}.`);
  }

  /** Base of the block that holds the position. */
  #blockStart(): number {
    const { topic, index } = this.partition;
    const exclusiveEnd = blockKey(topic.id, index, this.#position + 1);
    for (const { key } of this.#reader.range(blockKey(topic.id, index, 0), exclusiveEnd, { reverse: true })) {
      return offsetOfBlockKey(key);
    }
    throw this.#corrupt('has no block');
  }

  /** Takes from the open block. */
  #drain(records: QueueRecord[], bytes: number, stop: number, limits: TakeLimits): number {
    const block = this.#open;
    if (block === undefined) return bytes;
    const { maxBytes, maxRecords } = limits;
    while (!block.done && block.offset < stop && records.length < maxRecords && bytes < maxBytes) {
      const record = block.next();
      records.push(record);
      bytes += record.value === null ? 0 : record.value.length;
    }
    this.#position = block.offset;
    this.#atBlock = block.done;
    if (block.done) this.#open = undefined;
    return bytes;
  }
}
