/** A topic read as a table: loaded to its end, then followed. Works over any driver. */
import type { Queue, QueueRecord } from './port.ts';

export interface TableOptions {
  readonly topic: string;
  /** @default all */
  readonly partitions?: readonly number[];
  /** Ends the table. */
  readonly signal: AbortSignal;
  /**
   * Every record, oldest first in each partition; a null `value` says that the key is gone. The next
   * record waits for the promise.
   */
  onRecord(record: QueueRecord): void | Promise<void>;
}

export interface Table {
  /** Resolves when all that was in the topic at the start has been given to `onRecord`, or `signal` aborted. */
  readonly ready: Promise<void>;
  /** Resolves when `signal` aborts; rejects when reading or `onRecord` failed, as `ready` then does if it was pending. */
  readonly ended: Promise<void>;
}

export function loadTable(queue: Queue, options: TableOptions): Table {
  const next = new Map<number, number>();
  const ready = load(queue, options, next);
  const ended = ready.then(() => follow(queue, options, next));
  // Callers may await only one of the two; the other's rejection is the same and must not end the process.
  ready.catch(() => undefined);
  ended.catch(() => undefined);
  return { ready, ended };
}

async function load(queue: Queue, options: TableOptions, next: Map<number, number>): Promise<void> {
  await apply(queue, options, next, true);
}

async function follow(queue: Queue, options: TableOptions, next: Map<number, number>): Promise<void> {
  if (!options.signal.aborted) await apply(queue, options, next, false);
}

async function apply(queue: Queue, options: TableOptions, next: Map<number, number>, toEnd: boolean): Promise<void> {
  const { topic, partitions, signal } = options;
  const batches = queue.read({
    topic,
    from: toEnd ? 'earliest' : { offsets: next },
    toEnd,
    signal,
    ...(partitions === undefined ? {} : { partitions }),
  });
  for await (const batch of batches) {
    for (const record of batch.records) {
      if (signal.aborted) return;
      await options.onRecord(record);
    }
    next.set(batch.partition, batch.nextOffset);
  }
}
