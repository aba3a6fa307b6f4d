/**
 * The source port: what a source does, and what the supervisor does for it.
 *
 * A source only gets data right. The supervisor starts it, hands it the cursor it committed last, partitions
 * what it emits, appends outputs and cursor together, restarts it after retriable errors, and stops it.
 */
import type { Alert, Cursor, Gap, Post, TickColumns } from '#proto';

/** What a source publishes at once: becomes visible together with the cursor that covers it. */
export interface Emission {
  /** Read until `emit` resolves; the source may then reuse it. */
  readonly ticks?: TickColumns;
  readonly posts?: readonly Post[];
  /**
   * Promise that nothing with an earlier receipt time follows; written to every partition of both
   * logs, after the ticks and posts of this emission. Microseconds.
   */
  readonly watermark?: number;
  /** Where to go on after this emission. Left out: the source has no position. */
  readonly cursor?: Cursor;
  /** W3C `traceparent` it came in with. @default each record begins a trace */
  readonly traceparent?: string;
  /** Positions of single instruments that this emission moved on; each names its instrument. */
  readonly cursors?: readonly Cursor[];
  /** What was missed, and other things to be known by whoever watches. */
  readonly alerts?: readonly Alert[];
}

/** What a live source tells besides its records: counted, logged, shown; never needed for its work. */
export type SourceEvent =
  /** A socket or a stream is open, or closed and tried again after `delayMs` (0 when it is not). */
  | { readonly type: 'connected'; readonly connection: string; readonly attempt: number }
  | { readonly type: 'disconnected'; readonly connection: string; readonly cause: string; readonly message: string; readonly delayMs: number }
  /** A gap was noticed; it is told again as `gap-closed` when it is known what became of it. */
  | { readonly type: 'gap-opened' | 'gap-closed'; readonly gap: Gap }
  /** Counts since the last one of this type. */
  | {
      readonly type: 'traffic';
      /** Frames or response bodies, by what they were. */
      readonly frames: ReadonlyMap<string, number>;
      readonly bytes: number;
      /** Records not published, by why: `repeat`, `stale`, `overflow`, a code of a rejection that got no dead letter. */
      readonly skipped: ReadonlyMap<string, number>;
    }
  /** Microseconds from receipt to durable, of the oldest row of an emission. */
  | { readonly type: 'published'; readonly lagUs: number }
  /** Reading is held back because the queue is slow, or goes on. */
  | { readonly type: 'held-back' | 'released' }
  /** The partitions of `subscriptions` that this process collects now; none: others do, and it stands by. */
  | { readonly type: 'assigned'; readonly partitions: readonly number[] }
  /** Something a person should read. */
  | { readonly type: 'note'; readonly message: string };

export interface SourceContext {
  /** What this source committed last, or null at its first start. */
  readonly cursor: Cursor | null;
  readonly signal: AbortSignal;
  /** Resolves when the emission is durable: await it, it is the back-pressure. One at a time. */
  readonly emit: (emission: Emission) => Promise<void>;
  /** Bytes or a row that could not be read: to dead-letters with the next emission. */
  readonly reject: (rejection: Rejection) => void;
  /** What was committed last of single instruments; those without are left out. */
  readonly cursors: (instruments: readonly string[]) => Promise<ReadonlyMap<string, Cursor>>;
  readonly observe: (event: SourceEvent) => void;
}

export interface Rejection {
  readonly code: 'MALFORMED_RECORD' | 'VALUE_OUT_OF_RANGE';
  readonly message: string;
  /** Where the bytes came from: a file, an address. */
  readonly origin: string;
  /** Number of the row in its origin, from 1; 0 where there are no rows. */
  readonly row: number;
  /** Recorded receipt time, microseconds; 0 when it is not known. */
  readonly receiptTime: number;
  /** The supervisor's from here on. */
  readonly bytes: Uint8Array;
}

export interface Source {
  readonly name: string;
  /**
   * Run again from one of its cursors, it brings the same rows in the same order, though perhaps in other emissions. Then rows get
   * names by which readers drop those published twice. @default false
   */
  readonly repeatable?: boolean;
  /** Returns when the source is finished, or soon after `signal` aborts. Retriable errors: run again. */
  run(context: SourceContext): Promise<void>;
}
