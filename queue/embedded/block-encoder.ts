/** Writes blocks; their format is described in block.ts. */
import { crc32 } from 'node:zlib';
import type { Headers } from '../port.ts';
import { ALIGNED_FROM, HEADER_BYTES, NO_HEADERS, VERSION } from './block.ts';

/** Most bytes that one record takes beside its key, value and headers. */
const RECORD_OVERHEAD = 8 + 3 * 5 + 7;

const KEPT_BYTES = 8 * 1024 * 1024;

/** A record ready to be stored. */
export interface StoredRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Headers;
  /** Bound of what `headers` takes when encoded; see `headerBytes`. */
  readonly headerBytes: number;
  readonly timestamp: number;
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
