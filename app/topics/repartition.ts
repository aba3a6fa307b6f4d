/**
 * Rows of one log, placed on another count of partitions: records of one row as they are, byte for byte; rows of Arrow
 * batches in new batches, since the rows of a record must belong to one partition. The order of each key is kept.
 */
import { withoutIdentity, type FeatureInput } from '#processing';
import { CONTENT_JSON, SCHEMA, createTicks, encodeTicksArrow, headersOf, partitionOf, watermarkJson, type TickColumns } from '#proto';
import type { Headers, OutputRecord, QueueRecord } from '#queue';

import type { MergedRow } from './merge-logs.ts';

/** Rows of one new batch, at most. */
const BATCH_ROWS = 1024;

interface Batch {
  readonly ticks: TickColumns;
  readonly headers: Headers;
  readonly words: Map<string, number>;
  timestamp: number;
}

export class Repartition {
  readonly #topic: string;
  readonly #partitions: number;
  readonly #open = new Map<number, Batch>();
  #outputs: OutputRecord[] = [];
  #marked = 0;
  #rows = 0;

  constructor(topic: string, partitions: number) {
    this.#topic = topic;
    this.#partitions = partitions;
  }

  /** Rows placed so far, watermarks left out. */
  get rows(): number {
    return this.#rows;
  }

  add({ value, row, clock, mark }: MergedRow): void {
    if (mark) {
      this.#mark(value, clock);
      return;
    }
    this.#rows += 1;
    if (value.kind === 'ticks' && value.ticks.length > 1) this.#addRow(value.record, value.ticks, row);
    else this.#addWhole(value.record, instrumentOf(value));
  }

  /** Records since the last call; batches that are not full stay open. */
  take(): OutputRecord[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** The rest. */
  end(): OutputRecord[] {
    for (const partition of this.#open.keys()) this.#flush(partition);
    return this.take();
  }

  /** What one partition was told holds for all of them now: nothing that follows was received earlier. */
  #mark({ record, ...value }: FeatureInput, clock: number): void {
    if (clock <= this.#marked) return;
    this.#marked = clock;
    const source = value.kind === 'ticks' ? value.ticks.source : value.kind === 'post' ? value.post.source : '';
    const headers = headersOf(CONTENT_JSON, value.kind === 'post' ? SCHEMA.post : SCHEMA.tick);
    for (let partition = 0; partition < this.#partitions; partition++) {
      this.#flush(partition);
      this.#outputs.push({ topic: this.#topic, partition, value: watermarkJson(source, clock), timestamp: record.timestamp, headers });
    }
  }

  /** By its instrument, as a worker counts it, whatever its key is. */
  #addWhole(record: QueueRecord, instrument: string): void {
    const { key, value, timestamp } = record;
    const headers = withoutIdentity(record.headers);
    const by = instrument === '' ? key : instrument;
    const partition = by === null ? record.partition % this.#partitions : partitionOf(by, this.#partitions);
    // A batch that is open holds earlier rows, and may hold some of this key.
    this.#flush(partition);
    this.#outputs.push({ topic: this.#topic, partition, key, value, headers, timestamp });
  }

  #addRow(record: QueueRecord, from: TickColumns, row: number): void {
    const instrument = from.instruments[from.instrument[row]!] ?? '';
    const partition = instrument === '' ? record.partition % this.#partitions : partitionOf(instrument, this.#partitions);
    const batch = this.#batchFor(partition, record, from);
    const { ticks, words } = batch;
    const at = ticks.length++;
    batch.timestamp = Math.max(batch.timestamp, record.timestamp);
    for (const name of Object.keys(ticks) as (keyof TickColumns)[]) {
      const [to, source] = [ticks[name], from[name]];
      if (ArrayBuffer.isView(to) && ArrayBuffer.isView(source)) (to as Float64Array)[at] = (source as Float64Array)[row]!;
    }
    let word = words.get(instrument);
    if (word === undefined) {
      word = ticks.instruments.push(instrument) - 1;
      words.set(instrument, word);
    }
    ticks.instrument[at] = word;
    if (ticks.length === BATCH_ROWS) this.#flush(partition);
  }

  /** Rows of another source, or with other headers, begin another batch. */
  #batchFor(partition: number, record: QueueRecord, { source }: TickColumns): Batch {
    const headers = Object.fromEntries(Object.entries(withoutIdentity(record.headers)).filter(([name]) => name !== 'traceparent'));
    const { timestamp } = record;
    const open = this.#open.get(partition);
    if (open?.ticks.source === source && sameHeaders(open.headers, headers)) return open;
    if (open) this.#flush(partition);
    const batch = { ticks: createTicks(BATCH_ROWS, source), headers, words: new Map<string, number>(), timestamp };
    this.#open.set(partition, batch);
    return batch;
  }

  #flush(partition: number): void {
    const batch = this.#open.get(partition);
    if (!batch) return;
    this.#open.delete(partition);
    const { ticks, headers, timestamp } = batch;
    this.#outputs.push({ topic: this.#topic, partition, key: null, value: encodeTicksArrow(ticks, null), headers, timestamp });
  }
}

function instrumentOf(value: FeatureInput): string {
  if (value.kind === 'ticks') return value.ticks.instruments[value.ticks.instrument[0]!] ?? '';
  return value.kind === 'post' ? value.post.instrument : '';
}

function sameHeaders(a: Headers, b: Headers): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
