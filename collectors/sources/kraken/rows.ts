/** From a trade or a best bid and ask of Kraken to rows, each once. */
import { TickSide, fail } from '#proto';

import { Newest } from '../../integrity/repeats.ts';
import type { Live } from '../../live/live.ts';
import type { Numbered } from '../../live/numbered.ts';
import type { TradeTimes } from './times.ts';

/** Ids say `BTC-USD`, the WebSocket `BTC/USD`. */
export const wireOf = (symbol: string): string => symbol.replace('-', '/');
export const instrumentOf = (symbol: string): string => `kraken:${symbol}`;

export interface Trade {
  readonly id: number;
  /** Microseconds. */
  readonly eventTime: number;
  readonly price: number;
  readonly size: number;
  /** `TickSide` of the taker, which is the side that Kraken gives. */
  readonly side: number;
}

export interface Quote {
  readonly bid: number;
  readonly bidSize: number;
  readonly ask: number;
  readonly askSize: number;
}

export interface Rows {
  /** No symbol: it is not collected. */
  trade(symbol: string | null, trade: Trade): void;
  /** Those sent on subscribing, in any order. */
  pastTrades(symbol: string | null, list: readonly Trade[]): void;
  /** @param past sent on subscribing */
  quote(symbol: string | null, eventTime: number, quote: Quote, past: boolean): void;
  forget(symbol: string): void;
}

export interface RowsOptions {
  readonly live: Live;
  readonly trades: Numbered;
  readonly times: TradeTimes;
  /** Quotes sent on subscribing are not news when they are older, microseconds. */
  readonly maxSnapshotAge: number;
}

export function krakenRows({ live, trades, times, maxSnapshotAge }: RowsOptions): Rows {
  const { out } = live;
  const newest = new Newest<Quote>((a, b) => a.bid === b.bid && a.ask === b.ask && a.bidSize === b.bidSize && a.askSize === b.askSize);

  function write(symbol: string, { id, eventTime, price, size, side }: Trade): () => void {
    const instrument = instrumentOf(symbol);
    times.note(instrument, id, eventTime);
    return () => { out.trade(instrument, eventTime, id, price, size, side); };
  }

  return {
    trade(symbol, trade) {
      if (symbol === null) out.skip('not-collected');
      else trades.publish(instrumentOf(symbol), trade.id, write(symbol, trade));
    },
    pastTrades(symbol, list) {
      if (symbol === null) {
        out.skip('not-collected', list.length);
        return;
      }
      const instrument = instrumentOf(symbol);
      const ordered = [...list].sort((a, b) => a.id - b.id);
      // Of a stream that was not followed before, the newest is where it begins; the others are older, and no news.
      if (!trades.follows(instrument)) ordered.unshift(...ordered.splice(-1));
      for (const trade of ordered) trades.publishPast(instrument, trade.id, write(symbol, trade));
    },
    quote(symbol, eventTime, quote, past) {
      if (symbol === null) out.skip('not-collected');
      else if (quote.bid === 0 || quote.ask === 0) out.skip('one-sided');
      // The time of a snapshot may be that of the snapshot.
      else if (past && newest.says(symbol, quote)) out.skip('repeat');
      else if (!newest.accept(symbol, eventTime, quote)) out.skip('repeat');
      else if (past && !live.isNews(instrumentOf(symbol), eventTime, maxSnapshotAge)) out.skip('stale');
      else out.quote(instrumentOf(symbol), eventTime, 0, quote.bid, quote.bidSize, quote.ask, quote.askSize);
    },
    forget(symbol) {
      newest.forget(symbol);
      times.forget(instrumentOf(symbol));
    },
  };
}

/** @param buy, sell as this interface writes them */
export function takerSide(side: unknown, buy: string, sell: string): number {
  if (side === buy) return TickSide.BUY;
  if (side === sell) return TickSide.SELL;
  throw fail('MALFORMED_RECORD', `side is neither ${buy} nor ${sell}`);
}
