/** Reading without a group: from a place on, to the end or for ever. */
import { fail } from '#proto';
import { closedError } from '../../closed.ts';
import type { ReadOptions, RecordBatch } from '../../port.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { FetchSession } from './fetch-session.ts';
import { EARLIEST, LATEST, READ_UNCOMMITTED, offsetsAt } from './offsets.ts';

const END: IteratorResult<RecordBatch> = { done: true, value: undefined };
const DEFAULT_BYTES = 4 * 1024 * 1024;
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

export class KafkaReading implements AsyncIterator<RecordBatch, undefined> {
  readonly #cluster: Cluster;
  readonly #options: ReadOptions;
  /** Whether a key of the topic moves to the end when it is written again. */
  readonly #compacted: () => Promise<boolean>;
  readonly #onEnded: (reading: KafkaReading) => void;
  readonly #stop = new AbortController();
  #session: FetchSession | undefined;
  /** By partition; reading stops there. */
  #ends: Map<number, number> | undefined;
  #begun: Promise<void> | undefined;
  #error: Error | undefined;

  constructor(cluster: Cluster, options: ReadOptions, compacted: () => Promise<boolean>, onEnded: (reading: KafkaReading) => void) {
    this.#cluster = cluster;
    this.#options = options;
    this.#compacted = compacted;
    this.#onEnded = onEnded;
  }

  async next(): Promise<IteratorResult<RecordBatch>> {
    const { signal, maxBytes = DEFAULT_BYTES } = this.#options;
    try {
      if (signal?.aborted === true) this.end();
      signal?.addEventListener('abort', this.#abort, { once: true });
      if (!this.#ended) await (this.#begun ??= this.#begin());
      while (!this.#ended) {
        const batch = this.#session!.take({ maxRecords: NO_LIMIT, maxBytes }, ({ partition, taken }) => taken < (this.#ends?.get(partition) ?? Infinity));
        if (batch) return { done: false, value: this.#cut(batch) };
        if (this.#ends && (await this.#atEnd())) break;
        await this.#session!.changed(60_000, this.#stop.signal);
      }
    } catch (error) {
      if (!this.#ended) {
        this.end();
        throw error;
      }
    }
    this.end();
    if (this.#error) throw this.#error;
    return END;
  }

  return(): Promise<IteratorResult<RecordBatch>> {
    this.end();
    return Promise.resolve(END);
  }

  /** Ends it from outside; with an error whoever asks next gets that. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#error = error;
    this.#stop.abort();
    this.#session?.close();
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#onEnded(this);
  }

  get #ended(): boolean {
    return this.#stop.signal.aborted;
  }

  readonly #abort = (): void => {
    this.end();
  };

  async #begin(): Promise<void> {
    const { topic, from, toEnd = false, settled = false, maxBytes } = this.#options;
    const count = await this.#cluster.retry(`Topic ${topic} is not known`, () => this.#cluster.partitionsOf(topic), { signal: this.#stop.signal });
    const partitions = this.#options.partitions ?? Array.from({ length: count }, (_, partition) => partition);
    const unknown = partitions.find((partition) => partition < 0 || partition >= count);
    if (unknown !== undefined) throw fail('INVALID_REQUEST', `Topic ${topic} has partitions 0 to ${count - 1}, not ${unknown}.`);
    const starts = await this.#starts(topic, partitions, from);
    if (toEnd) this.#ends = await offsetsAt(this.#cluster, topic, partitions, LATEST, settled ? READ_UNCOMMITTED : undefined);
    if (this.#ended) throw closedError();
    this.#session = new FetchSession(this.#cluster, Math.min(maxBytes ?? Infinity, this.#cluster.settings.bufferBytes));
    for (const partition of partitions) {
      if (starts.get(partition)! < (this.#ends?.get(partition) ?? Infinity)) this.#session.seek(topic, partition, starts.get(partition)!);
    }
  }

  async #starts(topic: string, partitions: readonly number[], from: ReadOptions['from']): Promise<Map<number, number>> {
    if (from === 'latest') return offsetsAt(this.#cluster, topic, partitions, LATEST);
    const earliest = await offsetsAt(this.#cluster, topic, partitions, EARLIEST);
    if (from === 'earliest') return earliest;
    if ('offsets' in from) {
      for (const [partition, offset] of from.offsets) {
        const kept = earliest.get(partition);
        if (kept !== undefined && offset < kept) throw fail('POSITION_EXPIRED', `${topic}/${partition} is kept from offset ${kept}; ${offset} was asked for.`, { details: { topic, partition, earliest: kept, position: offset } });
      }
      return new Map(partitions.map((partition) => [partition, from.offsets.get(partition) ?? earliest.get(partition)!]));
    }
    const at = await offsetsAt(this.#cluster, topic, partitions, Math.max(0, Math.ceil(from.time)));
    const latest = await offsetsAt(this.#cluster, topic, partitions, LATEST);
    return new Map(partitions.map((partition) => [partition, (at.get(partition) ?? -1) < 0 ? latest.get(partition)! : at.get(partition)!]));
  }

  /** Past the ends; of a compacted topic past what has been written since, since a key written meanwhile is not where it was. */
  async #atEnd(): Promise<boolean> {
    const session = this.#session!;
    const ends = this.#ends!;
    const behind = (): boolean => session.inlets.some(({ partition, taken }) => taken < ends.get(partition)!);
    if (behind()) return false;
    if (!(await this.#compacted())) return true;
    const partitions = session.inlets.map(({ partition }) => partition);
    if (partitions.length === 0) return true;
    for (const [partition, end] of await offsetsAt(this.#cluster, this.#options.topic, partitions, LATEST)) ends.set(partition, end);
    return !behind();
  }

  /** Without the records past the end. */
  #cut(batch: RecordBatch): RecordBatch {
    const end = this.#ends?.get(batch.partition);
    if (end === undefined || batch.nextOffset <= end) return batch;
    const records = batch.records.filter(({ offset }) => offset < end);
    return { ...batch, records, nextOffset: end };
  }
}
