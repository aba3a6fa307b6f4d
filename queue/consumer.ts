/** Plain consuming, at least once: positions move only after the handler has done its work. */
import type { GroupOptions, Membership, Queue, RecordBatch, Task, TaskContext } from './port.ts';

export interface HandlerContext {
  /** Aborts when the partition is taken away or the member leaves: stop soon; what is not done comes again. */
  readonly signal: AbortSignal;
}

export interface ConsumeOptions extends Pick<GroupOptions, 'group' | 'topics' | 'start' | 'onFailure' | 'onRetry'> {
  /**
   * Called for one batch after the other within a partition, and for partitions concurrently. When it
   * rejects with a retriable error the batch comes again after a pause; any other error ends the member.
   */
  handler(batch: RecordBatch, context: HandlerContext): Promise<void>;
  /** Upper bound of records in a batch. @default 1000 */
  readonly maxRecords?: number;
}

/**
 * In this order for each batch: 1. poll, 2. the handler, 3. commit of its offset. A crash between 2 and 3
 * brings the batch again.
 */
class ConsumingTask implements Task {
  readonly #options: ConsumeOptions;

  constructor(options: ConsumeOptions) {
    this.#options = options;
  }

  async run(context: TaskContext): Promise<void> {
    const { maxRecords } = this.#options;
    const { signal } = context;
    const stopped = (): boolean => signal.aborted;
    while (!stopped()) {
      for (const batch of await context.poll(maxRecords === undefined ? {} : { maxRecords })) {
        if (stopped()) return;
        if (batch.records.length > 0) await this.#options.handler(batch, { signal });
        await context.commit({ offsets: new Map([[batch.topic, batch.nextOffset]]) });
      }
    }
  }
}

export function consume(queue: Queue, options: ConsumeOptions): Promise<Membership> {
  const { group, topics, start, onFailure, onRetry } = options;
  return queue.join({
    group,
    topics,
    createTask: () => new ConsumingTask(options),
    onFailure,
    ...(start === undefined ? {} : { start }),
    ...(onRetry === undefined ? {} : { onRetry }),
  });
}
