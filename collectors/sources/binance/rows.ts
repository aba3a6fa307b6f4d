/** From a trade or a best bid and ask of Binance to rows, each once. */
import { TickSide, fail } from '#proto';

import type { Rising } from '../../integrity/repeats.ts';
import type { Live } from '../../live/live.ts';
import type { Numbered } from '../../live/numbered.ts';
import { decimal, whole } from '../../values/decimal.ts';
import type { Json } from '../../values/fields.ts';
import { timeOf } from '../../values/time.ts';

/** Ids say `BTC-USDT`, Binance `BTCUSDT`. */
export const wireOf = (symbol: string): string => symbol.replaceAll('-', '').toUpperCase();

/** Under which name a trade has its number, time, price and size: `a` of a stream is `a` of REST for one kind of trade only. */
export interface TradeFields {
  readonly id: string;
  readonly time: string;
  readonly price: string;
  readonly size: string;
  readonly buyerIsMaker: string;
}

export interface Rows {
  /** No symbol: it is not collected. */
  trade(symbol: string | null, trade: Json, fields: TradeFields): void;
  quote(symbol: string | null, ticker: Json): void;
  /** Receipt time of its newest trade, microseconds; 0 before the first. */
  tradedAt(symbol: string): number;
  forget(symbol: string): void;
}

export interface RowsOptions {
  readonly live: Live;
  readonly trades: Numbered;
  readonly quotes: Rising;
  readonly instrument: (symbol: string) => string;
}

export function binanceRows({ live, trades, quotes, instrument }: RowsOptions): Rows {
  const { out } = live;
  const traded = new Map<string, number>();
  return {
    trade(symbol, trade, fields) {
      const id = whole(trade[fields.id], fields.id);
      const eventTime = timeOfEither(trade[fields.time], fields.time);
      const price = decimal(trade[fields.price], fields.price);
      const size = decimal(trade[fields.size], fields.size);
      const side = aggressorOf(trade[fields.buyerIsMaker]);
      if (symbol === null) {
        out.skip('not-collected');
        return;
      }
      traded.set(symbol, out.receipt);
      const of = instrument(symbol);
      trades.publish(of, id, () => { out.trade(of, eventTime, id, price, size, side); });
    },
    quote(symbol, ticker) {
      const sequence = whole(ticker['u'], 'u');
      const bid = decimal(ticker['b'], 'b');
      const bidSize = decimal(ticker['B'], 'B');
      const ask = decimal(ticker['a'], 'a');
      const askSize = decimal(ticker['A'], 'A');
      if (symbol === null) out.skip('not-collected');
      else if (bid === 0 || ask === 0) out.skip('one-sided');
      else if (!quotes.accept(symbol, sequence)) out.skip('repeat');
      // The vendor does not say when it was.
      else out.quote(instrument(symbol), out.receipt, sequence, bid, bidSize, ask, askSize);
    },
    tradedAt: (symbol) => traded.get(symbol) ?? 0,
    forget(symbol) {
      traded.delete(symbol);
      quotes.forget(symbol);
    },
  };
}

/** Binance says whether the buyer was the maker: then the seller took. */
function aggressorOf(buyerIsMaker: unknown): number {
  if (typeof buyerIsMaker !== 'boolean') throw fail('MALFORMED_RECORD', 'it is not said whether the buyer is the maker');
  return buyerIsMaker ? TickSide.SELL : TickSide.BUY;
}

/** Microseconds where they were asked for and the server knows them, else milliseconds. */
function timeOfEither(value: unknown, field: string): number {
  return timeOf(value, typeof value === 'number' && value > 1e14 ? 'us' : 'ms', field);
}
