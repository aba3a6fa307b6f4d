/** A partition's log as a broker keeps it, made batch by batch, with transactions that are committed or aborted. */
import { crc32c } from '@node-rs/crc32';

import { encodeBatch, type AbortedTransaction, type WireRecord } from '../wire/record-batch.ts';

const CONTROL_AND_TRANSACTIONAL = 48;
const PLAIN = { producerId: -1n, producerEpoch: -1, sequence: -1, transactional: false };

interface Stored {
  readonly base: number;
  readonly end: number;
  readonly bytes: Buffer;
}

interface Ended extends AbortedTransaction {
  readonly marker: number;
}

export class LogModel {
  readonly batches: Stored[] = [];
  readonly #open = new Map<bigint, number>();
  readonly #aborted: Ended[] = [];
  end = 0;

  /** @returns offset of the first record */
  append(records: readonly WireRecord[], codec: number, producerId?: bigint): number {
    const identity = producerId === undefined ? PLAIN : { producerId, producerEpoch: 0, sequence: 0, transactional: true };
    if (producerId !== undefined && !this.#open.has(producerId)) this.#open.set(producerId, this.end);
    return this.#store(encodeBatch(records, identity, codec), records.length);
  }

  /** Writes the mark that ends the producer's transaction, if it has one. @returns offset of its first record */
  endTransaction(producerId: bigint, commit: boolean): number | undefined {
    const firstOffset = this.#open.get(producerId);
    if (firstOffset === undefined) return undefined;
    this.#open.delete(producerId);
    const mark: WireRecord = { key: Buffer.from([0, 0, 0, commit ? 1 : 0]), value: Buffer.alloc(6), headers: Buffer.from([0]), timestamp: 0 };
    const bytes = encodeBatch([mark], { producerId, producerEpoch: 0, sequence: -1, transactional: true }, 0);
    bytes.writeInt16BE(CONTROL_AND_TRANSACTIONAL, 21);
    sealed(bytes);
    if (!commit) this.#aborted.push({ producerId, firstOffset, marker: this.end });
    this.#store(bytes, 1);
    return firstOffset;
  }

  /** End of what is decided. */
  get lastStableOffset(): number {
    return Math.min(this.end, ...this.#open.values());
  }

  /** What a broker answers to a reader at `from` who sees committed records only: batches from the one with that offset on. */
  fetch(from: number): { set: Buffer; aborted: AbortedTransaction[] } {
    const until = this.lastStableOffset;
    const set = Buffer.concat(this.batches.filter(({ base, end }) => end > from && base < until).map(({ bytes }) => bytes));
    const aborted = this.#aborted.filter(({ marker, firstOffset }) => marker >= from && firstOffset < until);
    return { set, aborted: aborted.map(({ producerId, firstOffset }) => ({ producerId, firstOffset })).sort((a, b) => a.firstOffset - b.firstOffset) };
  }

  #store(bytes: Buffer, count: number): number {
    const base = this.end;
    bytes.writeBigInt64BE(BigInt(base), 0);
    this.end += count;
    this.batches.push({ base, end: this.end, bytes });
    return base;
  }
}

/** With a checksum that fits, after its bytes were changed. */
export function sealed(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}
