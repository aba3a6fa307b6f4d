/**
 * Follows one topic without a group: loads to the end that held at start, then goes on for ever. A view or
 * a store hands it a function that folds one record. Errors of the queue never end it, only its signal does.
 */
import { asForetickError, hasCode, type ForetickError } from '#proto';
import type { Queue, QueueRecord, RecordBatch } from '#queue';

import { recentOffsets, type Recent } from './position.ts';

export interface FollowerOptions {
  readonly queue: Queue;
  /** Short name, for metrics and messages. */
  readonly name: string;
  /** Full topic name. */
  readonly topic: string;
  readonly from: 'earliest' | Recent;
  /**
   * Records further from the end than this are passed over unread: a view of the newest needs no older ones.
   * @default none are
   */
  readonly keep?: number;
  readonly apply: (record: QueueRecord) => void;
  /** A record that `apply` refused, by throwing; following goes on behind it. */
  readonly onRefused: (error: ForetickError, record: QueueRecord) => void;
  /** The queue failed; reading is tried again after `delayMs`. */
  readonly onRetry: (error: ForetickError, delayMs: number) => void;
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
/** A follower rests four times as long as it worked, so that views cost at most a fifth of a core each. */
const REST = 4;
const LONGEST_REST_MS = 250;

export class Follower {
  readonly name: string;
  /** Resolves when everything up to the end that held at start has been folded, or the signal aborted. */
  readonly loaded: Promise<void>;
  readonly #options: FollowerOptions;
  readonly #positions = new Map<number, number>();
  readonly #ends = new Map<number, number>();
  #markLoaded: () => void = () => undefined;
  #ready = false;
  #folded = 0;
  #connected = false;
  #stopped: Promise<void> | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.name = options.name;
    this.loaded = new Promise((resolve) => {
      this.#markLoaded = resolve;
    });
  }

  start(): void {
    this.#stopped ??= this.#run();
  }

  /** Resolves when reading has ended, after the signal aborted. */
  async stopped(): Promise<void> {
    await this.#stopped;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** False from a failure of the queue until the next success. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Records read since this follower began, those passed over included. */
  get folded(): number {
    return this.#folded;
  }

  /** Next offset of each partition. */
  get position(): ReadonlyMap<number, number> {
    return this.#positions;
  }

  /** Records between position and the end last seen, over all partitions. */
  get lag(): number {
    let lag = 0;
    for (const [partition, end] of this.#ends) lag += Math.max(0, end - (this.#positions.get(partition) ?? 0));
    return lag;
  }

  #aborted(): boolean {
    return this.#options.signal.aborted;
  }

  async #run(): Promise<void> {
    const { signal, onRetry } = this.#options;
    let delay = FIRST_DELAY_MS;
    while (!this.#aborted()) {
      try {
        await this.#locate();
        for await (const batch of this.#read(true)) this.#fold(batch);
        if (this.#aborted()) break;
        this.#connected = true;
        this.#ready = true;
        this.#markLoaded();
        delay = FIRST_DELAY_MS;
        for await (const batch of this.#read(false)) {
          const began = performance.now();
          this.#fold(batch);
          await pause(Math.min(LONGEST_REST_MS, REST * (performance.now() - began)), signal);
        }
      } catch (error) {
        if (hasCode(error, 'POSITION_EXPIRED')) this.#positions.clear(); // Start over from what is kept.
        this.#connected = false;
        onRetry(asForetickError(error), delay);
      }
      await pause(delay, signal);
      delay = Math.min(LONGEST_DELAY_MS, delay * 2);
    }
    this.#markLoaded();
  }

  async #locate(): Promise<void> {
    if (this.#positions.size > 0) return;
    const { queue, topic, from, clock, signal } = this.#options;
    const starts =
      from === 'earliest'
        ? new Map((await queue.offsets(topic)).map(({ partition, earliest }) => [partition, earliest]))
        : await recentOffsets(queue, topic, from, clock(), signal);
    for (const [partition, offset] of starts) this.#positions.set(partition, offset);
  }

  #read(toEnd: boolean): AsyncIterable<RecordBatch> {
    const { queue, topic, signal } = this.#options;
    return queue.read({ topic, from: { offsets: new Map(this.#positions) }, toEnd, signal });
  }

  #fold(batch: RecordBatch): void {
    const { apply, onRefused, keep = Infinity } = this.#options;
    for (const record of batch.records) {
      if (batch.endOffset - record.offset > keep) continue;
      try {
        apply(record);
      } catch (error) {
        onRefused(asForetickError(error), record);
      }
    }
    this.#folded += batch.records.length;
    this.#positions.set(batch.partition, batch.nextOffset);
    this.#ends.set(batch.partition, batch.endOffset);
  }
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms < 1 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
