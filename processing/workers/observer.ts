/** What workers tell the outside: for metrics, progress watch and logs. Calls are cheap and must not throw. */
import type { ErrorCode, ForetickError } from '#proto';

/** Oldest and newest of some times, milliseconds since the epoch. */
export interface TimeSpan {
  readonly oldest: number;
  readonly newest: number;
}

/** What is durable now. */
export interface CommittedBatch {
  /** Input rows worked through, repeats left out. */
  readonly rows: number;
  /** Input rows that had been seen before, and were dropped. */
  readonly repeats: number;
  /** Records written. */
  readonly outputs: number;
  /** Records still behind. */
  readonly lag: number;
  /** From the first record taken until all is durable, milliseconds. */
  readonly ms: number;
  /** Of these, the commit itself; 0 when there was nothing to commit. */
  readonly commitMs: number;
  /** When the queue took the input records of rows that are new in the outputs; null without such rows. */
  readonly appended: TimeSpan | null;
  /** When the queue took the ticks behind them, where the input records say; null where none does. */
  readonly ingested: TimeSpan | null;
}

export interface Restoration {
  readonly from: 'checkpoint' | 'nothing';
  /** Committed records that are yet to be worked through again, with outputs suppressed. */
  readonly behind: number;
  /** Rows of state put back: instruments, or open predictions. */
  readonly rows: number;
  /** Records read to get them. */
  readonly records: number;
  readonly ms: number;
}

export interface WorkerObserver {
  /** A loop took records: it has input until `committed` follows. */
  polled(records: number): void;
  committed(batch: CommittedBatch): void;
  deadLetter(code: ErrorCode): void;
  /** A snapshot could not be used; an older one is. */
  refused(error: ForetickError): void;
  /** Tensors that the process holds, of models that learn on a tensor library. */
  tensors(count: number): void;
  checkpointed(checkpoint: { readonly records: number; readonly ms: number }): void;
  restored(restoration: Restoration): void;
}

export const silentObserver: WorkerObserver = {
  polled: () => undefined,
  committed: () => undefined,
  deadLetter: () => undefined,
  refused: () => undefined,
  tensors: () => undefined,
  checkpointed: () => undefined,
  restored: () => undefined,
};

/** The span with `time` in it. */
export function widened(span: TimeSpan | null, time: number): TimeSpan {
  return span === null ? { oldest: time, newest: time } : { oldest: Math.min(span.oldest, time), newest: Math.max(span.newest, time) };
}
