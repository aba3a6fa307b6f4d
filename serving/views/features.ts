/** The newest feature row of each instrument, and a short trail of its price. */
import { decodeFeatures } from '#proto';
import type { QueueRecord } from '#queue';

import { OrdinalFilter } from './position.ts';

/** Times in microseconds, but `appendedAt`: when the queue took the row, in milliseconds of wall clock. */
export interface InstrumentRow {
  readonly instrument: string;
  readonly shard: number;
  featureSet: string;
  names: readonly string[];
  /** Never replaced in place while a prediction reads it: views and predictions share one thread. */
  values: Float32Array;
  task: string;
  ordinal: number;
  eventTime: number;
  receiptTime: number;
  appendedAt: number;
  price: number;
  bid: number;
  ask: number;
  warm: boolean;
  /** Rows since this server began to follow. */
  rows: number;
  readonly trail: PriceTrail;
}

const POINTS = 180;
const STEP_US = 1_000_000;

/** Last price of each second of event time; at most three minutes of them. Slow instruments keep 180 rows. */
export class PriceTrail {
  readonly #prices: number[] = [];
  #second = -1;

  push(eventTime: number, price: number): void {
    if (!(price > 0)) return;
    const second = Math.floor(eventTime / STEP_US);
    if (second === this.#second && this.#prices.length > 0) this.#prices.pop();
    this.#second = second;
    this.#prices.push(price);
    if (this.#prices.length > POINTS) this.#prices.shift();
  }

  get prices(): readonly number[] {
    return this.#prices;
  }
}

export class FeaturesView {
  readonly #rows = new Map<string, InstrumentRow>();
  readonly #filter = new OrdinalFilter();
  /** Next ordinal of each feature task: how many rows it has written in its life. */
  readonly #written = new Map<string, number>();

  apply(record: QueueRecord): void {
    const batch = decodeFeatures(record);
    const first = this.#filter.fresh(record.partition, batch.task, batch.ordinal, batch.length);
    if (first >= batch.length) return;
    this.#written.set(batch.task, batch.ordinal + batch.length);
    const width = batch.names.length;
    const touched = new Map<number, InstrumentRow>();
    const newest = new Int32Array(batch.instruments.length);
    for (let i = first; i < batch.length; i++) {
      const id = batch.instrument[i]!;
      let row = touched.get(id);
      if (!row) {
        row = this.#row(batch.instruments[id]!, record.partition);
        touched.set(id, row);
      }
      newest[id] = i;
      row.rows += 1;
      row.trail.push(batch.eventTime[i]!, batch.price[i]!);
    }
    for (const [id, row] of touched) {
      const i = newest[id]!;
      if (row.values.length !== width) row.values = new Float32Array(width);
      row.values.set(batch.values.subarray(i * width, (i + 1) * width));
      row.featureSet = batch.featureSet;
      row.names = batch.names;
      row.task = batch.task;
      row.ordinal = batch.ordinal + i;
      row.eventTime = batch.eventTime[i]!;
      row.receiptTime = batch.receiptTime[i]!;
      row.appendedAt = record.timestamp;
      row.price = batch.price[i]!;
      row.bid = batch.bid[i]!;
      row.ask = batch.ask[i]!;
      row.warm = batch.warm[i] === 1;
    }
  }

  get(instrument: string): InstrumentRow | undefined {
    return this.#rows.get(instrument);
  }

  /** In the order of their names. */
  all(): InstrumentRow[] {
    return [...this.#rows.values()].sort((a, b) => (a.instrument < b.instrument ? -1 : 1));
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Rows written since the pipeline began, over all feature tasks. */
  get written(): number {
    let written = 0;
    for (const count of this.#written.values()) written += count;
    return written;
  }

  #row(instrument: string, shard: number): InstrumentRow {
    let row = this.#rows.get(instrument);
    if (!row) {
      row = {
        instrument,
        shard,
        featureSet: '',
        names: [],
        values: new Float32Array(0),
        task: '',
        ordinal: 0,
        eventTime: 0,
        receiptTime: 0,
        appendedAt: 0,
        price: 0,
        bid: 0,
        ask: 0,
        warm: false,
        rows: 0,
        trail: new PriceTrail(),
      };
      this.#rows.set(instrument, row);
    }
    return row;
  }
}
