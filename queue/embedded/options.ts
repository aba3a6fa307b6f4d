import { openLmdbStore } from './lmdb-store.ts';
import type { StoreFactory } from './store.ts';

export interface EmbeddedQueueOptions {
  /** Made when missing. One process at a time: DATA_DIR_LOCKED names the other. */
  readonly directory: string;
  /** Largest key, value and headers of one record together. @default 16 MiB */
  readonly maxRecordBytes?: number;
  /** Bytes of values in one answer of `poll`, a bound on memory per task. @default 4 MiB */
  readonly maxPollBytes?: number;
  /** First and longest pause before a task that failed with a retriable error is run again. @default 100 ms, 5 s */
  readonly backoff?: { readonly initialMs: number; readonly maxMs: number };
  /** How long a member that takes over waits for the tasks of the one before it to return. @default 1000 ms */
  readonly takeoverWaitMs?: number;
  /** Milliseconds since the epoch, for records without a timestamp. @default Date.now */
  readonly clock?: () => number;
  /** @default lmdb, in `directory` */
  readonly store?: StoreFactory;
}

export type EmbeddedQueueSettings = Required<EmbeddedQueueOptions>;

const MIB = 1024 * 1024;

export function withDefaults(options: EmbeddedQueueOptions): EmbeddedQueueSettings {
  return {
    maxRecordBytes: 16 * MIB,
    maxPollBytes: 4 * MIB,
    backoff: { initialMs: 100, maxMs: 5_000 },
    takeoverWaitMs: 1_000,
    clock: Date.now,
    store: openLmdbStore,
    ...options,
  };
}
