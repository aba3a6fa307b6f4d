/** Alpaca's trades, quotes and bars → rows, each once: its records carry no numbers that rise. */
import { TickSide } from '#proto';

import { Newest, RecentTexts, Rising } from '../../integrity/repeats.ts';
import type { Live } from '../../live/live.ts';
import { decimal, decimalOr } from '../../values/decimal.ts';
import { text, type Json } from '../../values/fields.ts';
import { stampOf } from './wire.ts';

export const instrumentOf = (symbol: string): string => `alpaca:${symbol}`;

export interface AlpacaRows {
  /** Returns whether it was new. @param fetched from the history @default false */
  trade(symbol: string, trade: Json, fetched?: boolean): boolean;
  quote(symbol: string, quote: Json): void;
  bar(symbol: string, bar: Json): void;
  forget(symbol: string): void;
}

const MINUTE_US = 60e6;

interface AlpacaQuote {
  readonly bid: number;
  readonly bidSize: number;
  readonly ask: number;
  readonly askSize: number;
  readonly exchanges: string;
}

export function alpacaRows(live: Live, collects: (symbol: string) => boolean): AlpacaRows {
  const { out } = live;
  // Apart: an outage may have taken more than are remembered, and what came on the stream around it is fetched once more.
  const streamed = new RecentTexts(65_536);
  const history = new RecentTexts(65_536);
  const newest = new Newest<AlpacaQuote>((a, b) => a.bid === b.bid && a.ask === b.ask && a.bidSize === b.bidSize && a.askSize === b.askSize && a.exchanges === b.exchanges);
  const bars = new Rising();

  return {
    trade(symbol, trade, fetched = false) {
      const eventTime = stampOf(trade['t'], 't');
      const price = decimal(trade['p'], 'p');
      const size = decimal(trade['s'], 's');
      const { i: id } = trade;
      if (!collects(symbol)) {
        out.skip('not-collected');
        return false;
      }
      // An id is of one exchange and one day.
      const key = `${symbol} ${text(trade['x'], 'x')} ${String(id)} ${eventTime}`;
      if ((fetched ? streamed : history).has(key) || !(fetched ? history : streamed).accept(key)) {
        out.skip('repeat');
        return false;
      }
      out.trade(instrumentOf(symbol), eventTime, Number.isSafeInteger(id) ? Number(id) : 0, price, size, TickSide.NONE);
      return true;
    },
    quote(symbol, quote) {
      const eventTime = stampOf(quote['t'], 't');
      const bid = decimal(quote['bp'], 'bp');
      const ask = decimal(quote['ap'], 'ap');
      const bidSize = decimalOr(quote['bs'], 0, 'bs');
      const askSize = decimalOr(quote['as'], 0, 'as');
      if (!collects(symbol)) out.skip('not-collected');
      else if (bid === 0 || ask === 0) out.skip('one-sided');
      else if (!newest.accept(symbol, eventTime, { bid, bidSize, ask, askSize, exchanges: `${String(quote['bx'])} ${String(quote['ax'])}` })) out.skip('repeat');
      else out.quote(instrumentOf(symbol), eventTime, 0, bid, bidSize, ask, askSize);
    },
    bar(symbol, bar) {
      const begins = stampOf(bar['t'], 't');
      const [open, high, low, close, volume] = (['o', 'h', 'l', 'c', 'v'] as const).map((key) => decimal(bar[key], key)) as [number, number, number, number, number];
      if (!collects(symbol)) out.skip('not-collected');
      else if (!bars.accept(symbol, begins)) out.skip('repeat');
      else out.bar(instrumentOf(symbol), begins + MINUTE_US, 0, { open, high, low, close, volume, interval: MINUTE_US });
    },
    forget(symbol) {
      newest.forget(symbol);
      bars.forget(symbol);
    },
  };
}
