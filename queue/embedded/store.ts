/**
 * What the driver asks of the ordered key-value store under it. The lmdb one is `lmdb-store.ts`; tests
 * pass one that dies at a chosen instruction.
 */

export interface Entry {
  readonly key: Uint8Array;
  /** The caller's own copy: the store never writes to it again. */
  readonly value: Buffer;
}

export interface RangeOptions {
  /** From the last key to the first. @default false */
  readonly reverse?: boolean;
}

/** Reads committed data; inside a transaction also what the transaction has written. */
export interface Reader {
  get(key: Uint8Array): Buffer | undefined;
  /** Entries with `from <= key < to`, lazily. No write may happen while one is being iterated. */
  range(from: Uint8Array, to: Uint8Array, options?: RangeOptions): Iterable<Entry>;
}

export interface Writer extends Reader {
  /** Copies both before it returns. */
  put(key: Uint8Array, value: Uint8Array): void;
  remove(key: Uint8Array): void;
}

export interface Space {
  readonly bytes: number;
  /** Bytes of pages that hold nothing. */
  readonly free: number;
}

export interface Store extends Reader {
  /**
   * Runs `work` alone, across processes too, and returns its answer once everything it wrote is on disk.
   * When `work` or the commit throws, nothing was written. Full disks throw DISK_FULL, other failures of
   * the store QUEUE_UNAVAILABLE; whatever `work` throws passes unchanged.
   */
  transaction<T>(work: (writer: Writer) => T): T;
  /** Of the file, where the store can tell. */
  space?(): Space;
  /**
   * Gives free pages back to the system: the contents stay the same, and a crash at any instant leaves them
   * so. Only while this process holds the lock of the directory and nothing else uses the store.
   */
  compact?(): Promise<void>;
  /** Removes what a compaction that was cut off has left. Only while this process holds the lock. */
  tidy?(): void;
  /** Whether another process has compacted the store since it was opened here: then it must be opened again. */
  superseded?(): boolean;
  close(): Promise<void>;
}

/** Opens or creates the store in `directory`. */
export type StoreFactory = (directory: string) => Store;
