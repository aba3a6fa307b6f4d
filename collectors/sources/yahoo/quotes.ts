/** Answers of `GET /v7/finance/quote` → the last price of each symbol. */
import { takeEach } from '../../live/entries.ts';
import type { Outbox } from '../../live/outbox.ts';
import { decimal } from '../../values/decimal.ts';
import { array, object, parseJson, text, type Json } from '../../values/fields.ts';
import { timeOf } from '../../values/time.ts';
import { rounded, type Price } from './prices.ts';

const HOURS = ['regularMarket', 'preMarket', 'postMarket'] as const;

/** The newest of regular and extended hours; null where there is none. @throws MALFORMED_RECORD */
export function priceOf(quote: Json): Price | null {
  const symbol = text(quote['symbol'], 'symbol');
  const { regularMarketVolume: volume } = quote;
  let newest: Price | null = null;
  for (const hours of HOURS) {
    const price = quote[`${hours}Price`];
    const time = quote[`${hours}Time`];
    if ([price, time].some((value) => value === undefined || value === null)) continue;
    const at = timeOf(time, 's', `${hours}Time`);
    if (newest === null || at > newest.at) newest = { symbol, at, price: rounded(decimal(price, `${hours}Price`)), volume: typeof volume === 'number' ? volume : 0 };
  }
  return newest;
}

export interface Quotes {
  /** Symbols that were answered. */
  readonly symbols: ReadonlySet<string>;
  readonly prices: readonly Price[];
}

/** One that cannot be read does not spoil the others. Call it in a frame. @throws MALFORMED_RECORD */
export function readQuotes(out: Outbox, body: string): Quotes {
  const { result } = object(object(parseJson(body), 'body')['quoteResponse'], 'quoteResponse');
  const symbols = new Set<string>();
  const prices: Price[] = [];
  takeEach(out, array(result, 'result'), (entry) => {
    const quote = object(entry, 'quote');
    symbols.add(text(quote['symbol'], 'symbol'));
    const price = priceOf(quote);
    if (price) prices.push(price);
    else out.skip('no-price');
  });
  return { symbols, prices };
}
