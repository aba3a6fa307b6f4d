/** Trades of a time, from Alpaca's history: `GET /v2/stocks/trades`, which pages by token. */
import { fetchOk } from '../../connect/http.ts';
import type { Limiter } from '../../connect/limits.ts';
import type { Live } from '../../live/live.ts';
import type { Outage } from '../../live/outages.ts';
import { array, object, parseJson } from '../../values/fields.ts';
import { hasCode } from '#proto';
import type { AlpacaRows } from './rows.ts';

const PAGE = 10_000;
/** Symbols of one request: addresses have a bound. */
const SYMBOLS = 200;
/** Clocks differ, and trades are told late. */
const WIDER_US = 5e6;

export interface AlpacaBackfillOptions {
  readonly live: Live;
  readonly rows: AlpacaRows;
  readonly url: string;
  readonly feed: string;
  readonly allowPlainText: boolean;
  readonly limiter: Limiter;
  readonly credentials: () => { readonly key: string; readonly secret: string };
}

export function alpacaBackfill({ live, rows, url, feed, allowPlainText, limiter, credentials }: AlpacaBackfillOptions) {
  async function page(symbols: readonly string[], { fromUs, toUs }: Outage, token: string | null, signal: AbortSignal): Promise<{ recovered: number; next: string | null }> {
    await live.out.room(signal);
    const address = new URL(`${url}/v2/stocks/trades`);
    const query = { symbols: symbols.join(','), start: iso(fromUs - WIDER_US), end: iso(Math.min(toUs + WIDER_US, live.receipt())), limit: String(PAGE), feed, sort: 'asc', ...(token !== null && { page_token: token }) };
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
    const { key, secret } = credentials();
    const headers = { 'apca-api-key-id': key, 'apca-api-secret-key': secret, 'user-agent': 'foretick' };
    const { body, receipt } = await fetchOk(live, { url: address.href, headers, allowPlainText, limiter, signal, timeoutMs: 30_000, maxBytes: 32 * 1024 * 1024 });
    let recovered = 0;
    let next: string | null = null;
    live.out.frame(address.origin + address.pathname, body, receipt, () => {
      const answer = object(parseJson(body), 'body');
      for (const [symbol, trades] of Object.entries(object(answer['trades'], 'trades'))) {
        for (const trade of array(trades, 'trades')) if (rows.trade(symbol, object(trade, 'trade'), true)) recovered++;
      }
      next = typeof answer['next_page_token'] === 'string' ? answer['next_page_token'] : null;
      return 'backfill';
    });
    return { recovered, next };
  }

  return async (outage: Outage, signal: AbortSignal): Promise<number | null> => {
    const symbols = outage.instruments.map((instrument) => instrument.slice('alpaca:'.length));
    let sum = 0;
    try {
      for (let from = 0; from < symbols.length; from += SYMBOLS) {
        let token: string | null = null;
        do {
          const { recovered, next } = await page(symbols.slice(from, from + SYMBOLS), outage, token, signal);
          sum += recovered;
          token = next;
        } while (token !== null && !signal.aborted);
      }
      return sum;
    } catch (error) {
      // The newest quarter of an hour of some feeds is for larger plans.
      if (hasCode(error, 'SOURCE_REFUSED')) return null;
      throw error;
    }
  };
}

const iso = (us: number): string => new Date(Math.floor(us / 1000)).toISOString();
