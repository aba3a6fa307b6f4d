/** Takes away what need not be kept: expired blocks and old tombstones. A little in each transaction. */
import { hasCode } from '#proto';
import { BlockReader, decodeHeader } from './block.ts';
import type { Partition } from './catalog.ts';
import type { Extent } from './extent.ts';
import { blockKey, decodeDeletion, decodeNumber, deletionKey, newestKey, offsetOfBlockKey } from './keys.ts';
import { courtesy, type Log } from './log.ts';
import type { Reader, Writer } from './store.ts';

/** Of a transaction: it holds the event loop while it runs. */
const BLOCKS_AT_ONCE = 16;
const TOMBSTONES_AT_ONCE = 256;

export interface CleanedUp {
  readonly blocks: number;
  /** Of the blocks, in the log; see `Store.compact` for those on disk. */
  readonly bytes: number;
  readonly tombstones: number;
}

interface Expired {
  readonly keys: readonly Uint8Array[];
  readonly extent: Extent;
  /** Whether there may be more. */
  readonly more: boolean;
}

/** The oldest blocks that may go, and the extent without them. Stops at the first that may not. */
function expiredBlocks(reader: Reader, partition: Partition, before: Extent, now: number, most: number): Expired {
  const { topic, index } = partition;
  const { retentionMs = Infinity, retentionBytes = Infinity } = topic.spec;
  const keys: Uint8Array[] = [];
  let { earliest, bytes } = before;
  for (const { key, value } of reader.range(blockKey(topic.id, index, earliest), blockKey(topic.id, index, before.end))) {
    const { maxTime, count } = decodeHeader(value);
    if (now - maxTime <= retentionMs && bytes - value.length < retentionBytes) break;
    keys.push(key);
    earliest = offsetOfBlockKey(key) + count;
    bytes -= value.length;
    if (keys.length === most) break;
  }
  return { keys, extent: { ...before, earliest, bytes }, more: keys.length === most };
}

/** Deletions of which followers had `retentionMs` to hear, oldest first. */
function oldDeletions(reader: Reader, until: number, most: number): Uint8Array[] {
  const keys: Uint8Array[] = [];
  if (until < 0) return keys;
  for (const { key } of reader.range(deletionKey(0, 0, 0, 0), deletionKey(until + 1, 0, 0, 0))) {
    keys.push(key);
    if (keys.length === most) break;
  }
  return keys;
}

export class CleanUp {
  readonly #log: Log;
  #running: Promise<CleanedUp> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(log: Log) {
    this.#log = log;
    this.#schedule();
  }

  /** Calls during a run get that run. Rejects with the first error once all partitions were tried. */
  run(): Promise<CleanedUp> {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running?.catch(this.#log.settings.onCleanUpError);
  }

  #schedule(): void {
    const { cleanUpIntervalMs, onCleanUpError } = this.#log.settings;
    if (this.#closed || cleanUpIntervalMs === Infinity) return;
    this.#timer = setTimeout(() => {
      void this.run().catch(onCleanUpError).finally(() => { this.#schedule(); });
    }, cleanUpIntervalMs).unref();
  }

  async #run(): Promise<CleanedUp> {
    const done = { blocks: 0, bytes: 0, tombstones: 0 };
    const errors: unknown[] = [];
    const now = this.#log.settings.clock();
    for (const topic of this.#log.catalog.all()) {
      const { retentionMs, retentionBytes } = topic.spec;
      if (topic.compacted || (retentionMs === undefined && retentionBytes === undefined)) continue;
      for (const partition of topic.partitions) {
        try {
          await this.#retain(partition, now, done);
        } catch (error) {
          errors.push(error);
        }
      }
    }
    await this.#dropTombstones(now - this.#log.settings.tombstoneRetentionMs, done);
    if (errors.length > 0) throw errors[0] as Error;
    return done;
  }

  async #retain(partition: Partition, now: number, done: { blocks: number; bytes: number }): Promise<void> {
    do await courtesy();
    while (!this.#closed && (await this.#retainSome(partition, now, done)));
  }

  /** One transaction; answers whether there may be more. */
  async #retainSome(partition: Partition, now: number, done: { blocks: number; bytes: number }): Promise<boolean> {
    const { store, writer } = this.#log;
    if (expiredBlocks(store, partition, partition.extent, now, 1).keys.length === 0) return false;
    let more = false;
    await writer.submit({
      records: [],
      write: (transaction, extents) => {
        const before = extents.get(partition);
        const expired = expiredBlocks(transaction, partition, before, now, BLOCKS_AT_ONCE);
        for (const key of expired.keys) transaction.remove(key);
        if (expired.keys.length > 0) extents.set(partition, expired.extent);
        done.blocks += expired.keys.length;
        done.bytes += before.bytes - expired.extent.bytes;
        ({ more } = expired);
      },
    });
    return more;
  }

  async #dropTombstones(until: number, done: { tombstones: number }): Promise<void> {
    const { store, writer } = this.#log;
    const closed = (): boolean => this.#closed;
    while (!closed() && oldDeletions(store, until, 1).length > 0) {
      await writer.submit({
        records: [],
        write: (transaction) => {
          for (const key of oldDeletions(transaction, until, TOMBSTONES_AT_ONCE)) {
            if (this.#drop(transaction, key)) done.tombstones++;
            transaction.remove(key);
          }
        },
      });
      await courtesy();
    }
  }

  /** Unless the key was set again since: then the tombstone is gone already. */
  #drop(writer: Writer, deletion: Uint8Array): boolean {
    const { topicId, partition, offset } = decodeDeletion(deletion);
    const block = writer.get(blockKey(topicId, partition, offset));
    if (block === undefined) return false;
    let key: Uint8Array;
    try {
      key = new BlockReader(block, '', partition).next().key!;
    } catch (error) {
      if (hasCode(error, 'DATA_CORRUPT')) return false; // Readers meet it; it is not for us to hide it.
      throw error;
    }
    const newest = newestKey(topicId, partition, key);
    const current = writer.get(newest);
    if (current === undefined || decodeNumber(current) !== offset) return false;
    writer.remove(blockKey(topicId, partition, offset));
    writer.remove(newest);
    return true;
  }
}
