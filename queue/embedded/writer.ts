/**
 * The one writer of a log. What is asked for in the same turn of the event loop goes into one transaction,
 * so that one fsync serves all of it; between transactions the loop runs free.
 */
import { fail } from '#proto';
import { append, stage } from './append.ts';
import { BlockEncoder } from './block-encoder.ts';
import type { Catalog, Partition } from './catalog.ts';
import { closedError } from '../closed.ts';
import { Extents } from './extent.ts';
import type { PendingRecord } from './record.ts';
import type { Store, Writer } from './store.ts';

/** A transaction takes no further request when it has this many bytes of records. */
const TRANSACTION_BYTES = 8 * 1024 * 1024;

export interface WriteRequest {
  readonly records: readonly PendingRecord[];
  /** Throws to refuse the request, with nothing written for it; others of the transaction go on. Must not write. */
  readonly check?: (writer: Writer) => void;
  /** Writes beside the records, and before them. */
  readonly write?: (writer: Writer, extents: Extents) => void;
}

interface Waiting {
  readonly request: WriteRequest;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class LogWriter {
  readonly #store: Store;
  readonly #catalog: Catalog;
  readonly #clock: () => number;
  readonly #encoder = new BlockEncoder();
  #queue: Waiting[] = [];
  #scheduled = false;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(store: Store, catalog: Catalog, clock: () => number) {
    this.#store = store;
    this.#catalog = catalog;
    this.#clock = clock;
  }

  /** Resolves when the request is on disk and readers see it. Requests are carried out in order. */
  submit(request: WriteRequest): Promise<void> {
    if (this.#closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves when nothing waits to be written. */
  idle(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Takes nothing new and writes what waits. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.idle();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush(this.#takeTurn());
      if (this.#queue.length > 0) {
        this.#schedule();
        return;
      }
      const idle = this.#idle;
      this.#idle = [];
      for (const resolve of idle) resolve();
    });
  }

  #takeTurn(): Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && bytes < TRANSACTION_BYTES) {
      for (const record of this.#queue[count]!.request.records) bytes += record.bytes;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  #flush(turn: readonly Waiting[]): void {
    const accepted: Waiting[] = [];
    let extents: Extents;
    try {
      extents = this.#store.transaction((writer) => {
        const extents = new Extents(writer);
        const staged = new Map<Partition, PendingRecord[]>();
        for (const waiting of turn) {
          if (!accept(waiting, writer)) continue;
          accepted.push(waiting);
          waiting.request.write?.(writer, extents);
          stage(waiting.request.records, staged);
        }
        append({ writer, encoder: this.#encoder, extents, now: this.#clock() }, staged);
        return extents;
      });
    } catch (error) {
      this.#recover(turn, error);
      return;
    }
    const changed = extents.publish();
    for (const { resolve } of accepted) resolve();
    for (const partition of changed) partition.appended.notify();
  }

  /** A commit that failed may have happened all the same: what is stored decides. */
  #recover(turn: readonly Waiting[], error: unknown): void {
    let reason = error;
    try {
      this.#catalog.refresh();
    } catch (unreadable) {
      reason = fail('QUEUE_UNAVAILABLE', 'The queue cannot be written, nor read again.', {
        cause: new AggregateError([error, unreadable]),
      });
    }
    for (const { reject } of turn) reject(reason);
  }
}

function accept({ request, reject }: Waiting, writer: Writer): boolean {
  try {
    request.check?.(writer);
    return true;
  } catch (refusal) {
    reject(refusal);
    return false;
  }
}
