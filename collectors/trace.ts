/** Trace ids of records that come in without one. */
import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16 + 8;
/** Random bytes are drawn for so many at once. */
const POOL = 256;

/** A maker of `traceparent` headers, sampled, by W3C Trace Context: a random trace id and a random span id each. */
export function createTraceparents(fill: (bytes: Uint8Array) => void = (bytes) => { randomFillSync(bytes); }): () => string {
  const pool = Buffer.alloc(POOL * ID_BYTES);
  let at = pool.length;
  return () => {
    if (at === pool.length) {
      fill(pool);
      at = 0;
    }
    const id = pool.toString('hex', at, at + ID_BYTES);
    at += ID_BYTES;
    return `00-${id.slice(0, 32)}-${id.slice(32)}-01`;
  };
}
