/** Records on their way to one partition. */
import type { WireRecord } from '../wire/record-batch.ts';
import { sizeOfRecord } from '../wire/record-batch.ts';

/** Records of one call of `send` for one partition, which travel in one batch. */
export class Parcel {
  readonly records: readonly WireRecord[];
  readonly bytes: number;
  /** When it is given up, by `performance.now()`. */
  readonly expiresAt: number;
  /** Offset of its first record. */
  readonly delivered: Promise<number>;
  resolve!: (firstOffset: number) => void;
  reject!: (error: Error) => void;

  constructor(records: readonly WireRecord[], bytes: number, expiresAt: number) {
    this.records = records;
    this.bytes = bytes;
    this.expiresAt = expiresAt;
    this.delivered = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/**
 * Parcels of at most `maxBytes` each, unless one record alone is larger.
 *
 * @param expiresAt by `performance.now()`
 */
export function parcelsOf(records: readonly WireRecord[], maxBytes: number, expiresAt: number): Parcel[] {
  const parcels: Parcel[] = [];
  let [from, bytes] = [0, 0];
  records.forEach((record, i) => {
    const size = sizeOfRecord(record);
    if (i > from && bytes + size > maxBytes) {
      parcels.push(new Parcel(records.slice(from, i), bytes, expiresAt));
      [from, bytes] = [i, 0];
    }
    bytes += size;
  });
  if (records.length > from) parcels.push(new Parcel(records.slice(from), bytes, expiresAt));
  return parcels;
}

/** A batch that is under way: encoded once, so that every try brings the same bytes under the same sequence number. */
export interface Flight {
  readonly parcels: readonly Parcel[];
  readonly count: number;
  readonly bytes: Buffer;
  /** Times it was sent. From the second on the broker may have it already. */
  tries: number;
}

/** The way to one partition: at most one batch is under way, so that sequence numbers are in order whatever fails. */
export class Lane {
  readonly topic: string;
  readonly partition: number;
  waiting: Parcel[] = [];
  flight: Flight | undefined;
  /** Next sequence number of the producer id below. */
  sequence = 0;
  producerId = -1n;
  producerEpoch = -1;
  /** Not before this time, by `performance.now()`. */
  retryAt = 0;
  failures = 0;
  /** Part of a request that is not answered yet. */
  inRequest = false;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** The parcels that go next, up to `maxBytes`, at least one. */
  take(maxBytes: number): Parcel[] {
    let [count, bytes] = [0, 0];
    for (const parcel of this.waiting) {
      if (count > 0 && bytes + parcel.bytes > maxBytes) break;
      count += 1;
      bytes += parcel.bytes;
    }
    return this.waiting.splice(0, count);
  }
}

/** Sequence numbers are 31 bits and begin again at 0. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % 0x8000_0000;
}
