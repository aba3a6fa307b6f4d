/** The store on lmdb: one file, one writer at a time, readers that never block. */
import { open, type RootDatabase } from 'lmdb';
import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { fail } from '#proto';
import { checkDataFile, copyFile, currentGeneration, dataFile, removeRubbish, swapIn } from './data-file.ts';
import { storeFailure } from './lmdb-errors.ts';
import type { Entry, RangeOptions, Space, Store, Writer } from './store.ts';

type Database = RootDatabase<Buffer, Uint8Array>;

interface TreeStats {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

/** What `getStats` answers, which lmdb types as an empty object. */
interface Stats extends TreeStats {
  readonly pageSize: number;
  readonly lastPageNumber: number;
  readonly entryCount: number;
  readonly free: TreeStats;
}

const pagesOf = (tree: TreeStats): number => tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages;

function openDatabase(path: string, readOnly = false): Database {
  return open<Buffer, Uint8Array>({
    path,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    cache: false,
    readOnly,
    // One fsync inside each commit: durable when transactionSync returns.
    overlappingSync: false,
  });
}

const entriesIn = (db: Database): number => (db.getStats() as Stats).entryCount;

/** Steps of a compaction, for tests that die at one. */
export type CompactionStep = 'copying' | 'copied' | 'swapped' | 'reopened' | 'cleaned';

export interface LmdbOptions {
  /** @default nothing */
  readonly onCompaction?: (step: CompactionStep) => void;
  /** Nothing may be written; another process may. @default false */
  readonly readOnly?: boolean;
}

class LmdbStore implements Store {
  readonly #directory: string;
  readonly #writer: Writer;
  readonly #onCompaction: (step: CompactionStep) => void;
  #generation: number;
  #db: Database;

  constructor(directory: string, { onCompaction = () => undefined, readOnly = false }: LmdbOptions) {
    this.#directory = directory;
    this.#onCompaction = onCompaction;
    this.#generation = currentGeneration(directory);
    const path = dataFile(directory, this.#generation);
    checkDataFile(path, { readOnly });
    this.#db = openDatabase(path, readOnly);
    this.#writer = {
      get: (key) => this.get(key),
      range: (from, to, options) => this.range(from, to, options),
      // Inside a transaction both are done when they return; the promise is lmdb's one shared constant.
      put: (key, value) => void this.#db.put(key, value as Buffer),
      remove: (key) => void this.#db.remove(key),
    };
  }

  get(key: Uint8Array): Buffer | undefined {
    try {
      return this.#db.getBinary(key);
    } catch (error) {
      throw storeFailure(error, this.#directory) ?? error;
    }
  }

  *range(from: Uint8Array, to: Uint8Array, options: RangeOptions = {}): Iterable<Entry> {
    try {
      yield* this.#range(from, to, options);
    } catch (error) {
      throw storeFailure(error, this.#directory) ?? error;
    }
  }

  transaction<T>(work: (writer: Writer) => T): T {
    try {
      return this.#db.transactionSync(() => work(this.#writer));
    } catch (error) {
      throw storeFailure(error, this.#directory) ?? error;
    }
  }

  space(): Space {
    const stats = this.#db.getStats() as Stats;
    const pages = stats.lastPageNumber + 1;
    // Two pages of metadata.
    const free = Math.max(0, pages - 2 - pagesOf(stats) - pagesOf(stats.free)) * stats.pageSize;
    return { bytes: statSync(dataFile(this.#directory, this.#generation)).size, free };
  }

  superseded(): boolean {
    return currentGeneration(this.#directory) !== this.#generation;
  }

  tidy(): void {
    removeRubbish(this.#directory, this.#generation);
  }

  async compact(): Promise<void> {
    const directory = this.#directory;
    const copy = copyFile(directory, this.#generation);
    try {
      removeRubbish(directory, this.#generation);
      this.#onCompaction('copying');
      await this.#db.backup(copy, true);
      await this.#checkCopy(copy);
      this.#onCompaction('copied');
      swapIn(directory, this.#generation);
      this.#onCompaction('swapped');
      const before = this.#db;
      this.#db = openDatabase(dataFile(directory, ++this.#generation));
      this.#onCompaction('reopened');
      await before.close();
      removeRubbish(directory, this.#generation);
      this.#onCompaction('cleaned');
    } catch (error) {
      await rm(copy, { force: true });
      throw storeFailure(error, directory) ?? error;
    }
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  /** The file before is given up for the copy: it must have all that the file has. */
  async #checkCopy(path: string): Promise<void> {
    const db = openDatabase(path);
    const entries = entriesIn(db);
    await db.close();
    await rm(`${path}-lock`, { force: true });
    const wanted = entriesIn(this.#db);
    if (entries !== wanted) {
      throw fail('QUEUE_UNAVAILABLE', `The compacted copy has ${entries} entries instead of ${wanted}; the file stays as it is.`);
    }
  }

  *#range(from: Uint8Array, to: Uint8Array, options: RangeOptions): Iterable<Entry> {
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
}

/** The default store: `queue.mdb` in the data directory, see data-file.ts. */
export function openLmdbStore(directory: string, options: LmdbOptions = {}): Store {
  try {
    return new LmdbStore(directory, options);
  } catch (error) {
    throw storeFailure(error, directory) ?? error;
  }
}
