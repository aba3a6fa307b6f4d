/**
 * Runs one source: hands it the cursor it committed last, publishes what it emits, starts it again after
 * retriable errors, drains it.
 *
 * The cursor is appended once what it covers is durable: a crash in between publishes the rows of one emission twice, and
 * loses none. Rows of a repeatable source carry names, by which readers drop what comes twice. Where a `send` of the queue is all or
 * nothing, rows and cursor go in one, and nothing comes twice.
 */
import { asForetickError, fail, type Cursor, type ForetickError, type TopicLayout } from '#proto';
import type { Producer, Queue } from '#queue';
import { systemClock, type Clock } from './clock.ts';
import type { Emission, Rejection, Source, SourceEvent } from './port.ts';
import { sourceHealth, type SourceHealth } from './health.ts';
import { cursorReader, readCursor } from './cursors.ts';
import { createPublisher, type PublishedRecord, type TickFormat } from './publish.ts';
import { RowCounts } from './identity.ts';

/** What happens, counted. All optional; none may throw. */
export interface CollectorMetrics {
  ticks?(count: number): void;
  posts?(count: number): void;
  rejected?(code: Rejection['code'], count: number): void;
  /** Bytes of values appended. */
  bytes?(count: number): void;
  /** Newest watermark, microseconds. */
  watermark?(time: number): void;
  retry?(): void;
  /** What a live source tells of its connections, gaps and traffic. */
  event?(event: SourceEvent): void;
}

export interface CollectorOptions {
  readonly queue: Queue;
  readonly layout: TopicLayout;
  readonly source: Source;
  /** @default 'auto' */
  readonly format?: TickFormat;
  /** What appends. @default a producer of the queue */
  readonly producer?: () => Promise<Pick<Producer, 'close'> & { send(records: readonly PublishedRecord[]): Promise<unknown> }>;
  /** See `PublisherOptions`: the source has then no cursor of its own. @default all partitions are held */
  readonly holds?: (partition: number) => boolean;
  /** Whether a `send` of this queue appends all of its records or none, as the embedded one does. @default false */
  readonly atomicSends?: boolean;
  readonly metrics?: CollectorMetrics;
  /** After each durable emission, rejected rows with it. */
  readonly onPublished?: (emission: Emission, rejections: readonly Rejection[]) => void;
  /** A retriable error; the source starts again after `delayMs`. */
  readonly onRetry?: (error: ForetickError, delayMs: number) => void;
  /** What a live source tells: see `SourceEvent`. */
  readonly onEvent?: (event: SourceEvent) => void;
  /** An error that is not retriable: the source has stopped for good. */
  readonly onFailure?: (error: ForetickError) => void;
  /** @default the system's */
  readonly clock?: Clock;
  /** Numbers in [0, 1) for the jitter. @default Math.random */
  readonly random?: () => number;
}

/** `STANDBY`: another process has the source, and this one waits to take over. */
export type CollectorState = 'CREATED' | 'STANDBY' | 'RUNNING' | 'BACKING_OFF' | 'DRAINING' | 'FINISHED' | 'STOPPED' | 'FAILED';

export interface CollectorStatus {
  readonly source: string;
  readonly state: CollectorState;
  /** What was committed last, by this run or one before it. */
  readonly cursor: Cursor | null;
  readonly ticks: number;
  readonly posts: number;
  readonly rejected: number;
  readonly restarts: number;
  /** The error that stopped it or was retried last. */
  readonly error: ForetickError | null;
  /** Of a live source; null of one that never connected. */
  readonly health: SourceHealth | null;
}

export interface Collector {
  /** Begins; safe to call twice. Rejects when the queue gives no producer. */
  start(): Promise<void>;
  /** Waits for the emission in flight and for the source to return. Safe to call twice, and before `start`. */
  stop(): Promise<void>;
  status(): CollectorStatus;
  /** Resolves when the source has finished, was stopped or failed: see the state. Never rejects. */
  readonly done: Promise<void>;
}

type Appender = Awaited<ReturnType<NonNullable<CollectorOptions['producer']>>>;

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 30_000;

export function createCollector(options: CollectorOptions): Collector {
  return new SourceCollector(options);
}

class SourceCollector implements Collector {
  readonly done: Promise<void>;
  readonly #options: CollectorOptions;
  readonly #clock: Clock;
  readonly #stopping = new AbortController();
  readonly #resolveDone: () => void;
  #starting: Promise<void> | null = null;
  #state: CollectorState = 'CREATED';
  #cursor: Cursor | null = null;
  #ticks = 0;
  #posts = 0;
  #rejected = 0;
  #restarts = 0;
  #failures = 0;
  /** When this run of the source began, by the clock. */
  #begunAt = 0;
  #error: ForetickError | null = null;
  readonly #health = sourceHealth();

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    let resolve = (): void => undefined;
    this.done = new Promise((settle) => {
      resolve = settle;
    });
    this.#resolveDone = resolve;
  }

  start(): Promise<void> {
    this.#starting ??= this.#begin();
    return this.#starting;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#starting === null) this.#end('STOPPED');
    else if (this.#state === 'RUNNING' || this.#state === 'BACKING_OFF') this.#state = 'DRAINING';
    await this.done;
  }

  status(): CollectorStatus {
    return {
      source: this.#options.source.name,
      state: this.#state,
      cursor: this.#cursor,
      ticks: this.#ticks,
      posts: this.#posts,
      rejected: this.#rejected,
      restarts: this.#restarts,
      error: this.#error,
      health: this.#health.now(),
    };
  }

  async #begin(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    let producer: Appender;
    try {
      producer = await (this.#options.producer?.() ?? this.#options.queue.producer());
    } catch (error) {
      this.#error = asForetickError(error);
      this.#end('FAILED');
      throw error;
    }
    void this.#loop(producer);
  }

  #end(state: CollectorState): void {
    this.#state = state;
    this.#resolveDone();
  }

  async #loop(producer: Appender): Promise<void> {
    const { signal } = this.#stopping;
    let state: CollectorState | null = null;
    while (state === null) {
      try {
        if (!signal.aborted) this.#state = 'RUNNING';
        await this.#runOnce(producer);
        state = signal.aborted && this.#cursor?.finished !== true ? 'STOPPED' : 'FINISHED';
      } catch (thrown) {
        state = await this.#afterError(asForetickError(thrown));
      }
    }
    try {
      await producer.close();
    } catch (error) {
      this.#error ??= asForetickError(error);
    }
    if (state === 'FAILED') this.#options.onFailure?.(this.#error!);
    this.#end(state);
  }

  /** Null: run again. */
  async #afterError(error: ForetickError): Promise<CollectorState | null> {
    const { signal } = this.#stopping;
    this.#error = error;
    if (!error.retriable) return 'FAILED';
    if (signal.aborted) return 'STOPPED';
    const { onRetry, metrics, random = Math.random } = this.#options;
    const bound = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures);
    const asked = error.details['retryAfterMs'];
    const delay = Math.max(bound / 2 + (random() * bound) / 2, typeof asked === 'number' ? asked : 0);
    this.#failures++;
    this.#restarts++;
    this.#state = 'BACKING_OFF';
    metrics?.retry?.();
    onRetry?.(error, delay);
    await this.#clock.sleep(delay, signal);
    return this.#stopping.signal.aborted ? 'STOPPED' : null;
  }

  /** One run of the source, from the cursor that is in the queue: a failed `send` may have been appended after all. */
  async #runOnce(producer: Appender): Promise<void> {
    const { queue, layout, source, format = 'auto', atomicSends = false, holds } = this.#options;
    this.#cursor = holds ? null : await readCursor(queue, layout, source.name);
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    this.#begunAt = this.#clock.now();
    const counts = source.repeatable === true ? new RowCounts(layout, source.name, this.#cursor) : null;
    const publish = createPublisher({ layout, source: source.name, format, counts, ...(holds && { holds }) });
    let rejections: Rejection[] = [];
    let inFlight = false;
    const emit = async (emission: Emission): Promise<void> => {
      if (inFlight) throw fail('INTERNAL', `source ${source.name} emits before its last emission is durable`);
      inFlight = true;
      const rejected = rejections;
      rejections = [];
      const { rows, cursors: last } = publish(emission, rejected);
      for (const records of atomicSends ? [[...rows, ...last]] : [rows, last]) {
        if (records.length > 0) await producer.send(records);
      }
      inFlight = false;
      this.#published(emission, rejected);
      this.#options.metrics?.bytes?.([...rows, ...last].reduce((sum, { value }) => sum + (value?.length ?? 0), 0));
    };
    await source.run({
      cursor: this.#cursor,
      signal,
      emit,
      reject: (rejection) => rejections.push(rejection),
      cursors: cursorReader(queue, layout, source.name),
      observe: (event) => {
        this.#health.see(event);
        this.#options.metrics?.event?.(event);
        this.#options.onEvent?.(event);
      },
    });
    if (rejections.length > 0) await emit({});
  }

  #published(emission: Emission, rejections: readonly Rejection[]): void {
    const { metrics, onPublished } = this.#options;
    const ticks = emission.ticks?.length ?? 0;
    const posts = emission.posts?.length ?? 0;
    if (emission.cursor) this.#cursor = emission.cursor;
    // A watermark goes out before anything was asked of the vendor: it shows nothing.
    if (ticks + posts > 0 || this.#clock.now() - this.#begunAt >= LONGEST_DELAY_MS) this.#failures = 0;
    this.#ticks += ticks;
    this.#posts += posts;
    this.#rejected += rejections.length;
    metrics?.ticks?.(ticks);
    metrics?.posts?.(posts);
    for (const { code } of rejections) metrics?.rejected?.(code, 1);
    if (emission.watermark !== undefined) metrics?.watermark?.(emission.watermark);
    onPublished?.(emission, rejections);
  }
}
