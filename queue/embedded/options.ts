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
  /** How long a task that is to move may take to return; then it is frozen, and is taken from its owner. @default 5000 ms */
  readonly takeoverWaitMs?: number;
  /** Milliseconds since the epoch, for records without a timestamp. @default Date.now */
  readonly clock?: () => number;
  /** How long a deletion in a compacted topic is kept for followers to see. @default 24 h */
  readonly tombstoneRetentionMs?: number;
  /** How often expired records and old deletions are taken away; Infinity: only by `enforceRetention`. @default 60 s */
  readonly cleanUpIntervalMs?: number;
  /** A clean-up in the background failed; it is tried again after the interval. @default nothing */
  readonly onCleanUpError?: (error: unknown) => void;
  /**
   * At opening, the file is written anew without its free pages when they are this many bytes, and at least
   * half of it, and the disk has room for the copy. Infinity: never. @default 64 MiB
   */
  readonly giveBackBytes?: number;
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
    takeoverWaitMs: 5_000,
    tombstoneRetentionMs: 24 * 3_600_000,
    cleanUpIntervalMs: 60_000,
    onCleanUpError: () => undefined,
    giveBackBytes: 64 * MIB,
    clock: Date.now,
    store: openLmdbStore,
    ...options,
  };
}
