/** A column mapping: how the rows of a recording become ticks or posts. Plain data, as in the configuration. */
import type { TimeUnit } from './numbers.ts';

/** Instrument ids from a column: `prefix` + (`map[text]`, or the text itself). */
export interface InstrumentColumn {
  readonly column: string;
  /** Venue with its colon, `binance:`. @default '' */
  readonly prefix?: string;
  /** Replaces what the column says, before the prefix: `BTCUSDT` → `BTC-USDT`. */
  readonly map?: Readonly<Record<string, string>>;
  /** Posts in CSV: splits the column into several instruments. In NDJSON the column may be an array. */
  readonly separator?: string;
}

/** One instrument for the whole recording. Empty: to be given when the mapping is used. */
export interface InstrumentValue {
  readonly value: string;
}

export interface TimeColumn {
  readonly column: string;
  /** Since the epoch, whole or with a fraction; or ISO 8601, UTC where it names no zone. */
  readonly unit: TimeUnit;
  /** Added, microseconds: for bars that are stamped with the time of their opening. @default 0 */
  readonly plusUs?: number;
}

/** What kind of tick a row is, from a column. Any other value: MALFORMED_RECORD. */
export interface KindColumn {
  readonly column: string;
  readonly quote?: string;
  readonly trade?: string;
  readonly bar?: string;
}

/** Any value but these two, and an empty field, means that the aggressor is not known. */
export interface SideColumn {
  readonly column: string;
  readonly buy: string;
  readonly sell: string;
}

export interface PostColumns {
  /** @default the row's number */
  readonly id?: string;
  readonly text: string;
  /** Never published as it is: a salted hash of it. */
  readonly author?: string;
  readonly language?: string;
  /** A column of true/false, or what holds for every row. @default false */
  readonly synthetic?: string | boolean;
}

/**
 * Every column named must be in the file. Prices must be numbers above 0, a bid or ask at least 0; sizes and
 * volumes at least 0. Fields of columns that are not mapped are 0, as is an empty size, volume, sequence or interval.
 */
export interface Mapping {
  readonly name: string;
  readonly format: 'csv' | 'ndjson';
  /** CSV. @default ',' */
  readonly delimiter?: string;
  /** CSV without a header row: the names of its columns. Such a mapping is never detected. */
  readonly columns?: readonly string[];
  readonly instrument: InstrumentColumn | InstrumentValue;
  readonly eventTime: TimeColumn;
  /** @default eventTime */
  readonly receiptTime?: TimeColumn;
  readonly kind: 'quote' | 'trade' | 'bar' | 'post' | KindColumn;
  readonly sequence?: string;
  readonly bid?: string;
  readonly bidSize?: string;
  readonly ask?: string;
  readonly askSize?: string;
  readonly price?: string;
  readonly size?: string;
  readonly side?: SideColumn;
  readonly open?: string;
  readonly high?: string;
  readonly low?: string;
  readonly close?: string;
  readonly volume?: string;
  /** Length of a bar: a column, or microseconds that hold for every row. */
  readonly interval?: { readonly column: string; readonly unit: 's' | 'ms' | 'us' } | { readonly us: number };
  readonly post?: PostColumns;
}

/** The columns a mapping names, each once. */
export function columnsOf(mapping: Mapping): string[] {
  const { instrument, kind, side, interval, post } = mapping;
  const named = [
    'column' in instrument ? instrument.column : undefined,
    mapping.eventTime.column,
    mapping.receiptTime?.column,
    typeof kind === 'object' ? kind.column : undefined,
    mapping.sequence,
    mapping.bid,
    mapping.bidSize,
    mapping.ask,
    mapping.askSize,
    mapping.price,
    mapping.size,
    side?.column,
    mapping.open,
    mapping.high,
    mapping.low,
    mapping.close,
    mapping.volume,
    interval && 'column' in interval ? interval.column : undefined,
    post?.id,
    post?.text,
    post?.author,
    post?.language,
    typeof post?.synthetic === 'string' ? post.synthetic : undefined,
  ];
  return [...new Set(named.filter((name) => name !== undefined))];
}
