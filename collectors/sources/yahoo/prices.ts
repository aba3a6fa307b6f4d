/**
 * Yahoo's last prices → trades of size 0, each once and only while they are news: there are no numbers to go by, every message
 * is a snapshot, and what comes on subscribing may be days old.
 */
import { TickSide, fail } from '#proto';

import { RecentTexts } from '../../integrity/repeats.ts';
import type { Live } from '../../live/live.ts';
import { fromFloat32 } from '../../values/decimal.ts';

export const instrumentOf = (symbol: string): string => `yahoo:${symbol}`;

/** A number of Yahoo's JSON: where it is a float32 written as a double, its shortest text. */
export const rounded = (value: number): number => (Math.fround(value) === value ? fromFloat32(value) : value);

export interface Price {
  readonly symbol: string;
  /** Microseconds. */
  readonly at: number;
  readonly price: number;
  /** Of the day so far; tells snapshots of one second apart. */
  readonly volume: number | bigint;
}

export interface Bar {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

export interface Prices {
  /** After an interruption: the next price of each of these is what was known on subscribing. The first ever always is. */
  begin(symbols: readonly string[]): void;
  /** Whether something of it came before, here or in an earlier run. */
  follows(symbol: string): boolean;
  /** @throws VALUE_OUT_OF_RANGE */
  publish(price: Price): void;
  /** A minute that ended at this time. False where something as new came before: prices do not go back. */
  publishBar(symbol: string, endUs: number, bar: Bar): boolean;
  forget(symbol: string): void;
}

export interface PricesOptions {
  readonly live: Live;
  readonly collects: (symbol: string) => boolean;
  /** The first price after subscribing is news only when it is no older, microseconds. */
  readonly maxSnapshotAge: number;
  /** No price is news when it is older. */
  readonly maxAge: number;
}

const REMEMBERED = 65_536;
/** One time of the future would make all that comes before it late. */
const AHEAD_US = 600e6;
const MINUTE_US = 60e6;
/** In positions. */
const STATE = 'price';

export function createPrices({ live, collects, maxSnapshotAge, maxAge }: PricesOptions): Prices {
  const { out, positions } = live;
  const recent = new RecentTexts(REMEMBERED);
  /** Times of this run, by symbol. */
  const newest = new Map<string, number>();
  const beginning = new Set<string>();

  const begunAt = (symbol: string): number => (positions.begun(instrumentOf(symbol), STATE) as { readonly at: number } | undefined)?.at ?? 0;

  function move(symbol: string, at: number): void {
    newest.set(symbol, at);
    positions.move(instrumentOf(symbol), STATE, { at });
  }

  /** Why it is not news; null when it is. */
  function old({ symbol, at, price, volume }: Price, isFirst: boolean): string | null {
    const last = newest.get(symbol);
    if (last === undefined ? at <= begunAt(symbol) : at < last) return last === undefined ? 'repeat' : 'late';
    if (!recent.accept(`${symbol} ${at} ${price} ${volume}`)) return 'repeat';
    const age = out.receipt - at;
    return age > maxAge || (isFirst && age > maxSnapshotAge) ? 'stale' : null;
  }

  return {
    begin(symbols) {
      for (const symbol of symbols) beginning.add(symbol);
    },
    follows: (symbol) => newest.has(symbol) || begunAt(symbol) > 0,
    publish(price) {
      const { symbol, at } = price;
      if (!collects(symbol)) {
        out.skip('not-collected');
        return;
      }
      if (at > out.receipt + AHEAD_US) throw fail('VALUE_OUT_OF_RANGE', 'time lies in the future');
      const why = old(price, beginning.delete(symbol) || !newest.has(symbol));
      if (why === null) {
        move(symbol, at);
        out.trade(instrumentOf(symbol), at, 0, price.price, 0, TickSide.NONE);
        return;
      }
      // Where its stream begins.
      if (why === 'stale') newest.set(symbol, at);
      out.skip(why);
    },
    publishBar(symbol, endUs, bar) {
      if (endUs <= (newest.get(symbol) ?? begunAt(symbol))) return false;
      move(symbol, endUs);
      out.bar(instrumentOf(symbol), endUs, 0, { ...bar, interval: MINUTE_US });
      return true;
    },
    forget(symbol) {
      newest.delete(symbol);
      beginning.delete(symbol);
    },
  };
}
