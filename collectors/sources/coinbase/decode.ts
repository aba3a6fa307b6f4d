/** What decoders of both Coinbase feeds share: from a trade or a best bid and ask to rows, each once. */
import { TickSide, fail } from '#proto';

import type { Rising } from '../../integrity/repeats.ts';
import type { Live } from '../../live/live.ts';
import type { Numbered } from '../../live/numbered.ts';
import { decimal, decimalOr, whole } from '../../values/decimal.ts';
import { text, type Json } from '../../values/fields.ts';
import { rfc3339 } from '../../values/time.ts';

export const instrumentOf = (product: string): string => `coinbase:${product}`;

/** The product that is collected of one named on the wire, or null: data of BTC-USDC comes under BTC-USD, one book. */
export function productOf(wire: unknown, collects: (product: string) => boolean): string | null {
  const product = text(wire, 'product_id');
  if (collects(product)) return product;
  return product.endsWith('-USD') && collects(`${product}C`) ? `${product}C` : null;
}

export interface Rows {
  /** `past`: sent on subscribing. No product: it is not collected. */
  trade(product: string | null, trade: Json, past: boolean): void;
  /** @param order rises with each of the product: what does not is a repeat */
  quote(product: string | null, at: { readonly eventTime: number; readonly sequence: number; readonly order: number }, ticker: Json, past: boolean): void;
}

export interface RowsOptions {
  readonly live: Live;
  readonly trades: Numbered;
  readonly quotes: Rising;
  /** Quotes sent on subscribing are not news when they are older, microseconds. */
  readonly maxSnapshotAge: number;
}

export function coinbaseRows({ live, trades, quotes, maxSnapshotAge }: RowsOptions): Rows {
  const { out } = live;

  return {
    trade(product, trade, past) {
      const id = whole(trade['trade_id'], 'trade_id');
      const eventTime = rfc3339(trade['time'], 'time');
      const price = decimal(trade['price'], 'price');
      const size = decimal(trade['size'], 'size');
      const side = aggressorOf(trade['side']);
      if (product === null) {
        out.skip('not-collected');
        return;
      }
      const instrument = instrumentOf(product);
      const write = (): void => { out.trade(instrument, eventTime, id, price, size, side); };
      if (past) trades.publishPast(instrument, id, write);
      else trades.publish(instrument, id, write);
    },
    quote(product, { eventTime, sequence, order }, ticker, past) {
      const bid = decimal(ticker['best_bid'], 'best_bid');
      const ask = decimal(ticker['best_ask'], 'best_ask');
      const bidSize = decimalOr(ticker['best_bid_size'] ?? ticker['best_bid_quantity'], 0, 'best_bid_size');
      const askSize = decimalOr(ticker['best_ask_size'] ?? ticker['best_ask_quantity'], 0, 'best_ask_size');
      if (product === null) out.skip('not-collected');
      else if (bid === 0 || ask === 0) out.skip('one-sided');
      else if (!quotes.accept(product, order)) out.skip('repeat');
      else if (past && !live.isNews(instrumentOf(product), eventTime, maxSnapshotAge)) out.skip('stale');
      else out.quote(instrumentOf(product), eventTime, sequence, bid, bidSize, ask, askSize);
    },
  };
}

/** Both feeds and the REST trades give the side of the maker: the aggressor is the other one. */
function aggressorOf(side: unknown): number {
  if (side === 'sell' || side === 'SELL') return TickSide.BUY;
  if (side === 'buy' || side === 'BUY') return TickSide.SELL;
  throw fail('MALFORMED_RECORD', 'side is neither buy nor sell');
}
