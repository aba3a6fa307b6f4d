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

const VERSION = 1;
/** A block whose records are lost, see hole.ts: only the header, with how many they were. */
export const HOLE_VERSION = 2;
export const HEADER_BYTES = 48;
const ALIGNED_FROM = 256;
/** Most bytes that one record takes beside its key, value and headers. */
const RECORD_OVERHEAD = 8 + 3 * 5 + 7;

const KEPT_BYTES = 8 * 1024 * 1024;

export const NO_HEADERS: Headers = Object.freeze({});

/** A record ready to be stored. */
export interface StoredRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Headers;
  /** Bound of what `headers` takes when encoded; see `headerBytes`. */
  readonly headerBytes: number;
  readonly timestamp: number;
}

export interface BlockHeader {
  readonly base: number;
  readonly count: number;
  readonly minTime: number;
  readonly maxTime: number;
  readonly timeSoFar: number;
  /** The records were lost to damage, and a repair has said so. */
  readonly lost: boolean;
}

/** An upper bound, 0 for none: three bytes for each UTF-16 unit, and the lengths. */
export function headerBytes(headers: Headers): number {
  const names = Object.keys(headers);
  let bytes = names.length === 0 ? 0 : 5;
  for (const name of names) bytes += 10 + 3 * (name.length + headers[name]!.length);
  return bytes;
}

function writeVarint(target: Buffer, at: number, value: number): number {
  while (value > 0x7fff_ffff) {
    target[at++] = (value % 128) | 0x80;
    value = Math.floor(value / 128);
  }
  while (value > 0x7f) {
    target[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  target[at++] = value;
  return at;
}

function writeText(target: Buffer, at: number, text: string): number {
  const length = Buffer.byteLength(text);
  at = writeVarint(target, at, length);
  target.write(text, at);
  return at + length;
}

function copy(target: Buffer, at: number, bytes: Uint8Array): number {
  // A call into native code costs more than a short loop.
  if (bytes.length < 24) for (let i = 0; i < bytes.length; i++) target[at + i] = bytes[i]!;
  else target.set(bytes, at);
  return at + bytes.length;
}

function sameHeaders(left: Headers, right: Headers): boolean {
  let names = 0;
  for (const name in left) {
    if (left[name] !== right[name]) return false;
    names++;
  }
  return names === Object.keys(right).length;
}

/** Numbers the header sets of a block as they first appear; a repeat of the last one is the usual case. */
class HeaderSets {
  readonly #numbers = new Map<Headers, number>();
  #last: Headers | undefined;

  write(target: Buffer, at: number, headers: Headers): number {
    if (headers === NO_HEADERS) return writeVarint(target, at, 0);
    if (this.#last !== undefined && sameHeaders(headers, this.#last)) headers = this.#last;
    this.#last = headers;
    const known = this.#numbers.get(headers);
    if (known !== undefined) return writeVarint(target, at, known + 2);
    this.#numbers.set(headers, this.#numbers.size);
    const names = Object.keys(headers);
    at = writeVarint(target, writeVarint(target, at, 1), names.length);
    for (const name of names) at = writeText(target, writeText(target, at, name), headers[name]!);
    return at;
  }
}

/** Encodes blocks, one at a time, in memory that it keeps. */
export class BlockEncoder {
  #memory = Buffer.allocUnsafeSlow(64 * 1024);

  /**
   * The answer is valid until the next call.
   * @param base offset of the first record
   * @param timeBefore newest timestamp in the partition before this block
   */
  encode(records: readonly StoredRecord[], base: number, timeBefore: number): Buffer {
    let bound = HEADER_BYTES;
    let minTime = Infinity;
    let maxTime = 0;
    for (const { key, value, headerBytes: extra, timestamp } of records) {
      bound += RECORD_OVERHEAD + (key === null ? 0 : key.length) + (value === null ? 0 : value.length) + extra;
      if (timestamp < minTime) minTime = timestamp;
      if (timestamp > maxTime) maxTime = timestamp;
    }
    const block = this.#reserve(bound);
    const at = encodeRecords(block, records, minTime);
    block.writeUInt32LE(VERSION, 4);
    block.writeDoubleLE(base, 8);
    block.writeUInt32LE(records.length, 16);
    block.writeUInt32LE(0, 20);
    block.writeDoubleLE(minTime, 24);
    block.writeDoubleLE(maxTime, 32);
    block.writeDoubleLE(Math.max(maxTime, timeBefore), 40);
    block.writeUInt32LE(crc32(block.subarray(4, at)), 0);
    return block.subarray(0, at);
  }

  /** Memory for one large record is not kept. */
  #reserve(bytes: number): Buffer {
    if (bytes <= this.#memory.length) return this.#memory;
    const memory = Buffer.allocUnsafeSlow(bytes * 2);
    if (memory.length <= KEPT_BYTES) this.#memory = memory;
    return memory;
  }
}

function encodeRecords(block: Buffer, records: readonly StoredRecord[], minTime: number): number {
  const sets = new HeaderSets();
  let at = HEADER_BYTES;
  for (const { key, value, headers, timestamp } of records) {
    at = writeVarint(block, at, timestamp - minTime);
    at = sets.write(block, at, headers);
    at = writeVarint(block, at, key === null ? 0 : key.length + 1);
    if (key !== null) at = copy(block, at, key);
    at = writeVarint(block, at, value === null ? 0 : value.length + 1);
    if (value === null) continue;
    if (value.length >= ALIGNED_FROM) while (at % 8 !== 0) block[at++] = 0;
    at = copy(block, at, value);
  }
  return at;
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
