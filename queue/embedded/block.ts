/**
 * A block: consecutive records of one partition as one stored value.
 *
 *   block   := crc:u32 version:u8 pad:u8*3 base:f64 count:u32 pad:u32 minTime:f64 maxTime:f64 timeSoFar:f64
 *              record*                                         little-endian; records start at byte 48
 *   record  := time:varint headers key:bytes align value:bytes
 *   headers := 0 | 1 n:varint (name:text value:text)*n | 2+i   none; a new set; the i-th set of the block
 *   bytes   := 0 | 1+length:varint octet*length                0: null
 *   text    := length:varint octet*length                      UTF-8
 *   align   := octet*                                          see below
 *
 * `crc` is the CRC-32 of all that follows it. `base` is the offset of the first record, `time` counts from
 * `minTime`, `timeSoFar` is the newest timestamp in the partition up to and with this block: it never
 * falls, so a time is found by bisection. Octets of values of 256 bytes or more begin at a multiple of
 * eight, so that Arrow reads them in place: `align` sits between the length and the octets of such a value.
 */
import { crc32 } from 'node:zlib';
import { fail } from '#proto';
import type { Headers, QueueRecord } from '../port.ts';

export const VERSION = 1;
/** A block whose records are lost, see hole.ts: only the header, with how many they were. */
export const HOLE_VERSION = 2;
export const HEADER_BYTES = 48;
export const ALIGNED_FROM = 256;

export const NO_HEADERS: Headers = Object.freeze({});

export interface BlockHeader {
  readonly base: number;
  readonly count: number;
  readonly minTime: number;
  readonly maxTime: number;
  readonly timeSoFar: number;
  /** The records were lost to damage, and a repair has said so. */
  readonly lost: boolean;
}

/** Checks the whole block, then answers its header. DATA_CORRUPT when it is not what was stored. */
export function decodeHeader(block: Buffer): BlockHeader {
  if (block.length < HEADER_BYTES || crc32(block.subarray(4)) !== block.readUInt32LE(0)) {
    throw fail('DATA_CORRUPT', 'A stored block does not match its checksum.');
  }
  const version = block.readUInt32LE(4);
  if (version !== VERSION && version !== HOLE_VERSION) {
    throw fail('UNSUPPORTED_SCHEMA', `A stored block is of version ${version}; this reader knows ${VERSION}.`);
  }
  return {
    base: block.readDoubleLE(8),
    count: block.readUInt32LE(16),
    minTime: block.readDoubleLE(24),
    maxTime: block.readDoubleLE(32),
    timeSoFar: block.readDoubleLE(40),
    lost: version === HOLE_VERSION,
  };
}

/** Takes records from one block, in order. Keys and values are views of the block, which must not change. */
export class BlockReader {
  readonly header: BlockHeader;
  readonly #block: Buffer;
  readonly #memory: ArrayBufferLike;
  readonly #start: number;
  readonly #topic: string;
  readonly #partition: number;
  readonly #sets: Headers[] = [];
  #at = HEADER_BYTES;
  #taken = 0;

  constructor(block: Buffer, topic: string, partition: number) {
    this.header = decodeHeader(block);
    this.#block = block;
    this.#memory = block.buffer;
    this.#start = block.byteOffset;
    this.#topic = topic;
    this.#partition = partition;
    if (this.header.lost) this.#taken = this.header.count;
  }

  /** Offset of the record that `next` answers. */
  get offset(): number {
    return this.header.base + this.#taken;
  }

  get done(): boolean {
    return this.#taken === this.header.count;
  }

  /** The next record; only while not `done`. */
  next(): QueueRecord {
    const timestamp = this.header.minTime + this.#varint();
    const headers = this.#headers();
    const keyLength = this.#varint() - 1;
    const key = keyLength < 0 ? null : this.#bytes(keyLength);
    const valueLength = this.#varint() - 1;
    if (valueLength >= ALIGNED_FROM) this.#at = (this.#at + 7) & ~7;
    const value = valueLength < 0 ? null : this.#bytes(valueLength);
    if (this.#at > this.#block.length) throw fail('DATA_CORRUPT', 'A stored block ends within a record.');
    const offset = this.header.base + this.#taken++;
    return { topic: this.#topic, partition: this.#partition, offset, timestamp, key, value, headers };
  }

  #bytes(length: number): Uint8Array {
    const at = this.#at;
    this.#at += length;
    return new Uint8Array(this.#memory, this.#start + at, length);
  }

  #varint(): number {
    const block = this.#block;
    let byte = block[this.#at++]!;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 128;
    do {
      byte = block[this.#at++]!;
      value += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte >= 0x80);
    return value;
  }

  #headers(): Headers {
    const number = this.#varint();
    if (number === 0) return NO_HEADERS;
    if (number > 1) return this.#sets[number - 2]!;
    const names = this.#varint();
    const entries: [string, string][] = [];
    for (let i = 0; i < names; i++) entries.push([this.#text(), this.#text()]);
    const set: Headers = Object.freeze(Object.fromEntries(entries));
    this.#sets.push(set);
    return set;
  }

  #text(): string {
    const length = this.#varint();
    const at = this.#at;
    this.#at += length;
    return this.#block.toString('utf8', at, this.#at);
  }
}
