/**
 * Ticks in columns: what replay writes, codecs carry and the feature engine reads. One record of
 * `quotes` holds one such batch, of one source; a JSON record is a batch of one row.
 */

/** Values of the `kind` column. */
export const TickKind = { QUOTE: 0, TRADE: 1, BAR: 2, WATERMARK: 3 } as const;

/** Aggressor of a trade in the `side` column. */
export const TickSide = { SELL: -1, NONE: 0, BUY: 1 } as const;

/**
 * All columns have `capacity` values, of which the first `length` count. Times are microseconds since the
 * epoch, as safe integers. Columns that a kind has no use for hold 0.
 */
export interface TickColumns {
  length: number;
  readonly capacity: number;
  readonly source: string;
  /** Dictionary of the `instrument` column. */
  readonly instruments: string[];
  /** Index into `instruments`; -1 for a watermark. */
  readonly instrument: Int32Array;
  readonly kind: Uint8Array;
  readonly eventTime: Float64Array;
  readonly receiptTime: Float64Array;
  readonly sequence: Float64Array;
  /** Trade price; close of a bar. */
  readonly price: Float64Array;
  /** Trade size; volume of a bar. */
  readonly size: Float64Array;
  readonly side: Int8Array;
  readonly bid: Float64Array;
  readonly bidSize: Float64Array;
  readonly ask: Float64Array;
  readonly askSize: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  /** Length of a bar, microseconds. */
  readonly interval: Float64Array;
}

export function createTicks(capacity: number, source: string, instruments: string[] = []): TickColumns {
  const f64 = (): Float64Array => new Float64Array(capacity);
  return {
    length: 0,
    capacity,
    source,
    instruments,
    instrument: new Int32Array(capacity),
    kind: new Uint8Array(capacity),
    eventTime: f64(),
    receiptTime: f64(),
    sequence: f64(),
    price: f64(),
    size: f64(),
    side: new Int8Array(capacity),
    bid: f64(),
    bidSize: f64(),
    ask: f64(),
    askSize: f64(),
    open: f64(),
    high: f64(),
    low: f64(),
    interval: f64(),
  };
}

/** One tick, for callers that are not in a hurry. Fields left out are 0. */
export interface TickRow {
  readonly instrument: string;
  readonly kind: number;
  readonly eventTime: number;
  readonly receiptTime: number;
  readonly sequence?: number;
  readonly price?: number;
  readonly size?: number;
  readonly side?: number;
  readonly bid?: number;
  readonly bidSize?: number;
  readonly ask?: number;
  readonly askSize?: number;
  readonly open?: number;
  readonly high?: number;
  readonly low?: number;
  readonly interval?: number;
}

/** Columns of these rows. */
export function ticksOf(source: string, rows: readonly TickRow[]): TickColumns {
  const ticks = createTicks(rows.length, source);
  const index = new Map<string, number>();
  rows.forEach((row, i) => {
    ticks.kind[i] = row.kind;
    if (row.kind === TickKind.WATERMARK) {
      ticks.instrument[i] = -1;
    } else {
      let id = index.get(row.instrument);
      if (id === undefined) {
        id = ticks.instruments.push(row.instrument) - 1;
        index.set(row.instrument, id);
      }
      ticks.instrument[i] = id;
    }
    ticks.eventTime[i] = row.eventTime;
    ticks.receiptTime[i] = row.receiptTime;
    ticks.sequence[i] = row.sequence ?? 0;
    ticks.price[i] = row.price ?? 0;
    ticks.size[i] = row.size ?? 0;
    ticks.side[i] = row.side ?? 0;
    ticks.bid[i] = row.bid ?? 0;
    ticks.bidSize[i] = row.bidSize ?? 0;
    ticks.ask[i] = row.ask ?? 0;
    ticks.askSize[i] = row.askSize ?? 0;
    ticks.open[i] = row.open ?? 0;
    ticks.high[i] = row.high ?? 0;
    ticks.low[i] = row.low ?? 0;
    ticks.interval[i] = row.interval ?? 0;
  });
  ticks.length = rows.length;
  return ticks;
}
