/** Reading without a group. */
import { fail } from '#proto';
import type { ReadOptions, RecordBatch, StartPosition } from '../port.ts';
import type { Partition, Topic } from './catalog.ts';
import { PartitionCursor } from './cursor.ts';
import { courtesy, type Log } from './log.ts';
import { waitForAny } from './notifier.ts';
import { offsetForTime } from './time-index.ts';

const DEFAULT_BYTES = 4 * 1024 * 1024;
/** Keeps a turn of the event loop to a few milliseconds when records are small. */
const MOST_RECORDS = 4096;

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

function startOffset(log: ReadableLog, partition: Partition, from: StartPosition): number {
  const { earliest, end } = partition.extent;
  if (from === 'earliest') return earliest;
  if (from === 'latest') return end;
  if ('time' in from) return offsetForTime(log.store, partition, from.time);
  const offset = from.offsets.get(partition.index) ?? earliest;
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw fail('INVALID_REQUEST', `${offset} is no offset.`);
}

function choosePartitions(topic: Topic, wanted: readonly number[] | undefined): readonly Partition[] {
  if (wanted === undefined) return topic.partitions;
  return wanted.map((index) => {
    const partition = topic.partitions[index];
    if (partition !== undefined) return partition;
    throw fail('INVALID_REQUEST', `Topic "${topic.spec.name}" has no partition ${index}.`);
  });
}

/** What of a log a reading needs. */
type ReadableLog = Pick<Log, 'store' | 'catalog'>;

interface Source {
  readonly cursor: PartitionCursor;
  /** Where it ends; infinite when following. */
  readonly before: number;
}

/**
 * One reading. Partitions take turns, and a turn ends where a block ends, so that at most one block is
 * held beside the batch that the caller has.
 */
export class LogReading implements AsyncIterator<RecordBatch, undefined> {
  readonly #log: ReadableLog;
  readonly #options: ReadOptions;
  readonly #ended = new AbortController();
  readonly #onEnd: (reading: LogReading) => void;
  #sources: Source[] = [];
  #failure: unknown;
  #turn = 0;
  #last: Promise<unknown> = Promise.resolve();
  readonly #abort = (): void => {
    this.end();
  };

  constructor(log: ReadableLog, options: ReadOptions, onEnd: (reading: LogReading) => void) {
    this.#log = log;
    this.#options = options;
    this.#onEnd = onEnd;
    try {
      this.#sources = this.#begin();
    } catch (error) {
      this.#failure = error; // For the first `next` to throw: nobody awaits a constructor.
    }
    options.signal?.addEventListener('abort', this.#abort);
    if (options.signal?.aborted === true) this.end();
  }

  /** Calls are answered one after the other. */
  next(): Promise<IteratorResult<RecordBatch, undefined>> {
    const answer = this.#last.then(() => this.#next());
    this.#last = answer.catch(() => undefined); // The caller has the rejection; the next call starts afresh.
    return answer;
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.end();
    return Promise.resolve(END);
  }

  /** Ends the iteration; with a failure, the next call of `next` throws it. */
  end(failure?: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.#failure = failure ?? this.#failure;
    this.#ended.abort();
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#sources = [];
    this.#onEnd(this);
  }

  async #next(): Promise<IteratorResult<RecordBatch, undefined>> {
    try {
      await courtesy();
      this.#throwFailure();
      while (!this.#ended.signal.aborted) {
        const batch = this.#take(this.#sources);
        if (batch !== undefined) return { done: false, value: batch };
        if (this.#options.toEnd === true) break;
        await waitForAny(this.#sources.map(({ cursor }) => cursor.partition.appended), this.#ended.signal);
        await courtesy();
      }
    } catch (error) {
      this.end();
      throw error;
    }
    this.end();
    return END;
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure as Error;
  }

  #begin(): Source[] {
    const { topic: name, partitions, from, toEnd } = this.#options;
    return choosePartitions(this.#log.catalog.get(name), partitions).map((partition) => ({
      cursor: new PartitionCursor(this.#log.store, partition, startOffset(this.#log, partition, from)),
      // A key written meanwhile moves behind any end fixed now: a compacted topic is read until it is caught up.
      before: toEnd === true && !partition.topic.compacted ? partition.extent.end : Infinity,
    }));
  }

  #take(sources: readonly Source[]): RecordBatch | undefined {
    const limits = { maxRecords: MOST_RECORDS, maxBytes: this.#options.maxBytes ?? DEFAULT_BYTES };
    for (let tried = 0; tried < sources.length; tried++) {
      const { cursor, before } = sources[this.#turn % sources.length]!;
      const batch = cursor.take({ ...limits, before });
      if (batch === undefined || !cursor.midBlock) this.#turn++;
      if (batch !== undefined) return batch;
    }
    return undefined;
  }
}
