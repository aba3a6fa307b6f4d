/**
 * Safe integers (|x| < 2^53) as little-endian int64 pairs of 32-bit words, without BigInt.
 * Arrow's int64 and timestamp columns are read and written through these views.
 */

const WORD = 4294967296;

export function int64Words(columns: BigInt64Array): Int32Array {
  return new Int32Array(columns.buffer, columns.byteOffset, columns.length * 2);
}

export function readInt64(words: Int32Array, index: number): number {
  return words[2 * index + 1]! * WORD + (words[2 * index]! >>> 0);
}

export function writeInt64(words: Int32Array, index: number, value: number): void {
  const high = Math.floor(value / WORD);
  words[2 * index] = value - high * WORD;
  words[2 * index + 1] = high;
}
