/** Trades that were missed, from Binance's REST: `GET /api/v3/aggTrades` or `historicalTrades`, which page by id. */
import { fail } from '#proto';

import { fetchText, type HttpReply } from '../../connect/http.ts';
import type { Limiter } from '../../connect/limits.ts';
import type { Range } from '../../integrity/ranges.ts';
import type { Live } from '../../live/live.ts';
import { whole } from '../../values/decimal.ts';
import { array, object, parseJson } from '../../values/fields.ts';
import { STREAM_FIELDS } from './feed.ts';
import { wireOf, type Rows, type TradeFields } from './rows.ts';

const PAGE = 1000;
/** After a refusal for too many requests that does not say for how long. */
const PAUSE_MS = 60_000;
const MOST_PAUSES = 5;

export interface Archive {
  readonly path: string;
  readonly fields: TradeFields;
  /** What a request counts towards the vendor's cap. */
  readonly weight: number;
}

export const ARCHIVES: Readonly<Record<'aggTrade' | 'trade', Archive>> = {
  aggTrade: { path: '/api/v3/aggTrades', fields: STREAM_FIELDS.aggTrade, weight: 4 },
  trade: { path: '/api/v3/historicalTrades', fields: { id: 'id', time: 'time', price: 'price', size: 'qty', buyerIsMaker: 'isBuyerMaker' }, weight: 25 },
};

export interface BackfillOptions {
  readonly live: Live;
  readonly rows: Rows;
  readonly archive: Archive;
  readonly url: string;
  readonly symbolOf: (instrument: string) => string;
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  readonly allowPlainText: boolean;
  readonly limiter: Limiter;
}

export interface Backfill {
  /** False when the vendor has no more of it. */
  fill(instrument: string, missing: readonly Range[], signal: AbortSignal): Promise<boolean>;
  /** Number of the newest trade; null when there is none, or the answer cannot be read. */
  newest(instrument: string, signal: AbortSignal): Promise<number | null>;
}

export function binanceBackfill({ live, rows, archive, url, symbolOf, headers, allowPlainText, limiter }: BackfillOptions): Backfill {
  const { path, fields } = archive;
  const addressOf = (instrument: string): string => `${url}${path}?symbol=${encodeURIComponent(wireOf(symbolOf(instrument)))}`;

  async function fetchPage(address: string, signal: AbortSignal): Promise<HttpReply> {
    for (let pauses = 1; ; pauses++) {
      const given = { 'x-mbx-time-unit': 'MICROSECOND', ...(await headers()) };
      const reply = await fetchText(live, { url: address, allowPlainText, limiter, signal, headers: given });
      if (reply.status === 200) return reply;
      // 418 is the ban of those who went on after 429. That others reached the cap is no failure of this request.
      const rate = reply.status === 429 || reply.status === 418;
      if (rate) limiter.pause(reply.retryAfterMs ?? PAUSE_MS);
      if (rate && pauses < MOST_PAUSES) continue;
      throw fail(rate || reply.status === 408 || reply.status >= 500 ? 'SOURCE_UNAVAILABLE' : 'SOURCE_REFUSED', `Binance answered ${reply.status}: ${reply.body.slice(0, 200)}`);
    }
  }

  async function fill(instrument: string, missing: readonly Range[], signal: AbortSignal): Promise<boolean> {
    const symbol = symbolOf(instrument);
    const highest = missing.at(-1)![1];
    let from = missing[0]![0];
    for (;;) {
      await live.out.room(signal);
      const address = `${addressOf(instrument)}&fromId=${from}&limit=${PAGE}`;
      const { body, receipt } = await fetchPage(address, signal);
      const page = { newest: 0, read: false };
      live.out.frame(address, body, receipt, () => {
        for (const entry of array(parseJson(body), 'body')) {
          const trade = object(entry, 'trade');
          const id = whole(trade[fields.id], fields.id);
          page.newest = Math.max(page.newest, id);
          if (missing.some(([first, last]) => id >= first && id <= last)) rows.trade(symbol, trade, fields);
        }
        page.read = true;
        return 'backfill';
      });
      const { newest } = page;
      if (!page.read) throw fail('SOURCE_UNAVAILABLE', 'Binance answered what cannot be read');
      if (newest >= highest) return false;
      // The newest trades come to REST a moment later.
      if (newest < from) return true;
      from = Math.max(newest + 1, missing.find(([, last]) => last > newest)![0]);
    }
  }

  return {
    fill,
    async newest(instrument, signal) {
      const address = `${addressOf(instrument)}&limit=1`;
      const { body, receipt } = await fetchPage(address, signal);
      let id: number | null = null;
      live.out.frame(address, body, receipt, () => {
        for (const trade of array(parseJson(body), 'body')) id = whole(object(trade, 'trade')[fields.id], fields.id);
        return 'newest';
      });
      return id;
    },
  };
}
