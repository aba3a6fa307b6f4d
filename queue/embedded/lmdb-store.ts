/** The store on lmdb: one file, one writer at a time, readers that never block. */
import { open, type RootDatabase } from 'lmdb';
import { statfsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fail, type ForetickError } from '#proto';
import type { Entry, RangeOptions, Store, Writer } from './store.ts';

const MDB_MAP_FULL = -30792;
const { ENOSPC, EDQUOT, EIO } = constants.errno;
const FULL: ReadonlySet<number> = new Set([MDB_MAP_FULL, ENOSPC, EDQUOT]);
/** lmdb reports a write that the disk took only in part as EIO; with less than this free, the disk is full. */
const LARGEST_WRITE = 32 * 1024 * 1024;

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** lmdb numbers its errors: its own below -30000, the system's above zero. Others are not the store's. */
function storeFailure(error: unknown, directory: string): ForetickError | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') return undefined;
  const { code, message } = error;
  return FULL.has(code) || (code === EIO && freeBytes(directory) < LARGEST_WRITE)
    ? fail('DISK_FULL', `The disk that holds ${directory} is full: ${message}`, { cause: error })
    : fail('QUEUE_UNAVAILABLE', `The store in ${directory} failed: ${message}`, { cause: error });
}

class LmdbStore implements Store {
  readonly #db: RootDatabase<Buffer, Uint8Array>;
  readonly #directory: string;
  readonly #writer: Writer;

  constructor(directory: string) {
    this.#directory = directory;
    this.#db = open<Buffer, Uint8Array>({
      path: join(directory, 'queue.mdb'),
      noSubdir: true,
      encoding: 'binary',
      keyEncoding: 'binary',
      cache: false,
      // One fsync inside each commit: durable when transactionSync returns.
      overlappingSync: false,
    });
    this.#writer = {
      get: (key) => this.get(key),
      range: (from, to, options) => this.range(from, to, options),
      // Inside a transaction both are done when they return; the promise is lmdb's one shared constant.
      put: (key, value) => void this.#db.put(key, value as Buffer),
      remove: (key) => void this.#db.remove(key),
    };
  }

  get(key: Uint8Array): Buffer | undefined {
    return this.#db.getBinary(key);
  }

  *range(from: Uint8Array, to: Uint8Array, options: RangeOptions = {}): Iterable<Entry> {
    if (options.reverse !== true) {
      yield* this.#db.getRange({ start: from, end: to });
      return;
    }
    // Backwards, lmdb takes the upper bound as its start, included, and leaves the lower one out.
    for (const entry of this.#db.getRange({ start: to, reverse: true })) {
      const order = Buffer.compare(entry.key, from);
      if (order < 0) return;
      if (Buffer.compare(entry.key, to) < 0) yield entry;
      if (order === 0) return;
    }
  }

  transaction<T>(work: (writer: Writer) => T): T {
    try {
      return this.#db.transactionSync(() => work(this.#writer));
    } catch (error) {
      throw storeFailure(error, this.#directory) ?? error;
    }
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
}

/** The default store: `queue.mdb` in the data directory. */
export function openLmdbStore(directory: string): Store {
  try {
    return new LmdbStore(directory);
  } catch (error) {
    throw storeFailure(error, directory) ?? error;
  }
}
