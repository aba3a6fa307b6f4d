/** The queue as its port describes it, on one data directory. */
import { mkdirSync } from 'node:fs';
import type { TopicSpec } from '#proto';
import type {
  GroupOptions,
  Membership,
  OutputRecord,
  PartitionDescription,
  PartitionOffsets,
  Producer,
  Queue,
  ReadOptions,
  RecordBatch,
} from '../port.ts';
import { Catalog } from './catalog.ts';
import { CleanUp, type CleanedUp } from './clean-up.ts';
import { closedError } from '../closed.ts';
import { describePartition } from './describe.ts';
import type { DirectoryLock } from './lock.ts';
import type { Log } from './log.ts';
import { Groups } from './membership.ts';
import { openLocked } from './open.ts';
import { withDefaults, type EmbeddedQueueOptions, type EmbeddedQueueSettings } from './options.ts';
import { committedOffset } from './positions.ts';
import { LogReading } from './read.ts';
import { RecordIntake } from './record.ts';
import type { Store } from './store.ts';
import { freeBytes } from './data-file.ts';
import { LogWriter } from './writer.ts';

export interface EmbeddedQueue extends Queue {
  /**
   * Takes away now what the topics' retention and the age of deletions allow. Runs by itself, too, see
   * `cleanUpIntervalMs`. DATA_CORRUPT when an old block cannot be judged: it stays.
   */
  enforceRetention(): Promise<CleanedUp>;
}

class DirectoryQueue implements EmbeddedQueue {
  readonly #log: Log;
  readonly #lock: DirectoryLock;
  readonly #groups: Groups;
  readonly #cleanUp: CleanUp;
  readonly #readings = new Set<LogReading>();
  #closing: Promise<void> | undefined;

  constructor(log: Log, lock: DirectoryLock) {
    this.#log = log;
    this.#lock = lock;
    this.#groups = new Groups(log);
    this.#cleanUp = new CleanUp(log);
  }

  // The port promises rejections, never throws: hence `async` without `await`.
  /* eslint-disable @typescript-eslint/require-await */
  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.#assertOpen();
    this.#log.catalog.ensure(specs);
  }

  async topics(): Promise<TopicSpec[]> {
    this.#assertOpen();
    return this.#log.catalog.specs();
  }

  async offsets(topic: string): Promise<PartitionOffsets[]> {
    this.#assertOpen();
    return this.#log.catalog.get(topic).partitions.map(({ index, extent }) => ({
      partition: index,
      earliest: extent.earliest,
      end: extent.end,
    }));
  }

  async describe(topic: string): Promise<PartitionDescription[]> {
    this.#assertOpen();
    return this.#log.catalog.get(topic).partitions.map((partition) => describePartition(this.#log.store, partition));
  }

  async committed(group: string, topic: string): Promise<ReadonlyMap<number, number>> {
    this.#assertOpen();
    const found = this.#log.catalog.get(topic);
    const offsets = new Map<number, number>();
    for (const { index } of found.partitions) {
      const offset = committedOffset(this.#log.store, group, found, index);
      if (offset !== undefined) offsets.set(index, offset);
    }
    return offsets;
  }

  async producer(): Promise<Producer> {
    this.#assertOpen();
    let closed = false;
    return {
      send: async (records) => {
        if (closed) throw closedError();
        return this.#send(records);
      },
      close: async () => {
        closed = true;
        await this.#log.writer.idle();
      },
    };
  }

  async join(options: GroupOptions): Promise<Membership> {
    this.#assertOpen();
    return this.#groups.join(options);
  }

  async enforceRetention(): Promise<CleanedUp> {
    this.#assertOpen();
    return this.#cleanUp.run();
  }
  /* eslint-enable @typescript-eslint/require-await */

  read(options: ReadOptions): AsyncIterable<RecordBatch> {
    return {
      [Symbol.asyncIterator]: () => {
        const reading = new LogReading(this.#log, options, (ended) => this.#readings.delete(ended));
        if (this.#closing === undefined) this.#readings.add(reading);
        else reading.end(closedError());
        return reading;
      },
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #send(records: readonly OutputRecord[]): Promise<number[]> {
    this.#assertOpen();
    if (records.length === 0) return [];
    const pending = this.#log.intake.prepare(records);
    await this.#log.writer.submit({ records: pending });
    return pending.map(({ offset }) => offset);
  }

  async #close(): Promise<void> {
    for (const reading of [...this.#readings]) reading.end();
    await this.#groups.leaveAll();
    await this.#cleanUp.close();
    await this.#log.writer.close();
    await this.#log.store.close();
    this.#lock.release();
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }
}

/**
 * Opens the log in a directory, making it when missing. DATA_DIR_LOCKED when another process has it,
 * UNSUPPORTED_SCHEMA when it is of another format, DISK_FULL, QUEUE_UNAVAILABLE.
 */
export async function openEmbeddedQueue(options: EmbeddedQueueOptions): Promise<EmbeddedQueue> {
  const settings = withDefaults(options);
  mkdirSync(settings.directory, { recursive: true });
  const { store, lock } = await openLocked(settings.directory, settings.store);
  try {
    store.tidy?.();
    await giveBack(store, settings);
    const catalog = new Catalog(store);
    const intake = new RecordIntake(catalog, settings.maxRecordBytes);
    const writer = new LogWriter(store, catalog, settings.clock);
    return new DirectoryQueue({ settings, store, catalog, intake, writer }, lock);
  } catch (error) {
    await store.close();
    lock.release();
    throw error;
  }
}

async function giveBack(store: Store, { directory, giveBackBytes }: EmbeddedQueueSettings): Promise<void> {
  if (store.space === undefined || store.compact === undefined) return;
  const { bytes, free } = store.space();
  if (free < giveBackBytes || free < bytes / 2 || freeBytes(directory) < 2 * (bytes - free)) return;
  await store.compact();
}
