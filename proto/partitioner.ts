/**
 * Kafka's default partitioner for keyed records: 32-bit murmur2 with Kafka's seed, made positive,
 * modulo the partitions. Same placement as the Java client, so foreign producers agree with ours.
 */

const M = 0x5bd1e995;
const SEED = 0x9747b28c;

/** murmur2 of `bytes` as a signed 32-bit integer, equal to org.apache.kafka.common.utils.Utils.murmur2. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  let h = SEED ^ length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    k = Math.imul(k, M);
    h = Math.imul(h, M) ^ k;
  }
  const rest = length - i;
  if (rest === 3) h ^= bytes[i + 2]! << 16;
  if (rest >= 2) h ^= bytes[i + 1]! << 8;
  if (rest >= 1) {
    h ^= bytes[i]!;
    h = Math.imul(h, M);
  }
  h ^= h >>> 13;
  h = Math.imul(h, M);
  h ^= h >>> 15;
  return h | 0;
}

const encoder = new TextEncoder();

/** Partition of a key, as Java's default partitioner places it. */
export function partitionOf(key: string | Uint8Array, partitions: number): number {
  if (partitions === 1) return 0;
  return (murmur2(typeof key === 'string' ? encoder.encode(key) : key) & 0x7fffffff) % partitions;
}
