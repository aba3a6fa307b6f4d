/** Trades that were missed, from Kraken's REST: `GET /0/public/Trades`, which pages by time from older to newer ones. */
import { fail } from '#proto';

import { fetchOk } from '../../connect/http.ts';
import type { Limiter } from '../../connect/limits.ts';
import type { Range } from '../../integrity/ranges.ts';
import type { Live } from '../../live/live.ts';
import { decimal, whole } from '../../values/decimal.ts';
import { array, object, parseJson, text } from '../../values/fields.ts';
import { timeOf } from '../../values/time.ts';
import { takerSide, type Rows } from './rows.ts';
import type { TradeTimes } from './times.ts';

const PAGE = 1000;
/** REST and WebSocket round times differently: microseconds. */
const MARGIN_US = 1000;
/** After it answered that there were too many requests: as long, times how often it did in a row. */
const PAUSE_MS = 5000;
const MOST_PAUSES = 10;
/** Assets that REST knows by their older names. */
const REST_NAMES: Readonly<Record<string, string>> = { BTC: 'XBT', DOGE: 'XDG' };

export interface BackfillOptions {
  readonly live: Live;
  readonly rows: Rows;
  readonly times: TradeTimes;
  readonly url: string;
  readonly allowPlainText: boolean;
  readonly limiter: Limiter;
}

interface Page {
  /** Where the next page begins, nanoseconds; '' when the body cannot be read. */
  last: string;
  newest: number;
  errors: string;
}

/** `BTC-USD` → `XBTUSD`. */
export const restPair = (symbol: string): string => symbol.split('-').map((asset) => REST_NAMES[asset] ?? asset).join('');

/** False when the vendor has no more of it. */
export function krakenBackfill({ live, rows, times, url, allowPlainText, limiter }: BackfillOptions) {
  const sinceOf = (instrument: string, id: number): string | null => {
    const at = times.before(instrument, id);
    return at === null ? null : `${at - MARGIN_US}000`;
  };

  async function fetchPage(symbol: string, since: string, missing: readonly Range[], signal: AbortSignal): Promise<Page> {
    const address = `${url}/0/public/Trades?pair=${encodeURIComponent(restPair(symbol))}&since=${since}&count=${PAGE}`;
    const { body, receipt } = await fetchOk(live, { url: address, allowPlainText, limiter, signal });
    const page: Page = { last: '', newest: 0, errors: '' };
    live.out.frame(address, body, receipt, () => {
      const reply = object(parseJson(body), 'body');
      page.errors = array(reply['error'], 'error').join(', ');
      if (page.errors !== '') return 'error';
      const { last, ...pairs } = object(reply['result'], 'result');
      for (const entry of array(Object.values(pairs)[0], 'trades')) {
        const trade = array(entry, 'trade');
        const id = whole(trade[6], 'trade_id');
        page.newest = Math.max(page.newest, id);
        if (!missing.some(([first, end]) => id >= first && id <= end)) continue;
        rows.trade(symbol, { id, eventTime: timeOf(trade[2], 's', 'time'), price: decimal(trade[0], 'price'), size: decimal(trade[1], 'volume'), side: takerSide(trade[3], 'b', 's') });
      }
      page.last = text(last, 'last');
      return 'backfill';
    });
    return page;
  }

  return async (instrument: string, missing: readonly Range[], signal: AbortSignal): Promise<boolean> => {
    const symbol = instrument.slice('kraken:'.length);
    const highest = missing.at(-1)![1];
    let since = sinceOf(instrument, missing[0]![0]);
    let pauses = 0;
    while (since !== null) {
      await live.out.room(signal);
      const page = await fetchPage(symbol, since, missing, signal);
      // Others wait for the same limit: that it was reached is no failure of this request.
      if (/rate limit|too many/i.test(page.errors) && pauses < MOST_PAUSES) {
        limiter.pause(PAUSE_MS * ++pauses);
        continue;
      }
      if (page.errors !== '') throw refusal(page.errors);
      pauses = 0;
      if (page.last === '') throw fail('SOURCE_UNAVAILABLE', 'Kraken answered what cannot be read');
      if (page.newest >= highest) return false;
      // The newest trades come to REST a moment later.
      if (page.last === since || page.newest === 0) return true;
      const { newest } = page;
      const next = missing.find(([, end]) => end > newest)![0];
      since = later(page.last, sinceOf(instrument, next)!);
    }
    return false;
  };
}

const later = (a: string, b: string): string => (BigInt(a) > BigInt(b) ? a : b);

/** Kraken answers 200 with errors in the body. */
function refusal(errors: string): Error {
  const passing = /rate limit|too many|unavailable|busy|timeout|internal|lockout/i.test(errors);
  return fail(passing ? 'SOURCE_UNAVAILABLE' : 'SOURCE_REFUSED', `Kraken: ${errors}`);
}
