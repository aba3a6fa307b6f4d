/** A block that stands where records were lost: readers go on behind it, and offsets are never given twice. */
import { crc32 } from 'node:zlib';
import { HEADER_BYTES, HOLE_VERSION } from './block.ts';

/** @param timeBefore newest timestamp in the partition before the hole */
export function encodeHole(base: number, count: number, timeBefore: number): Buffer {
  const block = Buffer.alloc(HEADER_BYTES);
  block.writeUInt32LE(HOLE_VERSION, 4);
  block.writeDoubleLE(base, 8);
  block.writeUInt32LE(count, 16);
  block.writeDoubleLE(timeBefore, 40);
  block.writeUInt32LE(crc32(block.subarray(4)), 0);
  return block;
}
