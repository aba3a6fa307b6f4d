/** Trades that were missed, from Coinbase Exchange: `GET /products/{id}/trades`, which pages from the newest to older ones. */
import { fail } from '#proto';

import { fetchOk } from '../../connect/http.ts';
import type { Limiter } from '../../connect/limits.ts';
import type { Range } from '../../integrity/ranges.ts';
import type { Live } from '../../live/live.ts';
import { array, object, parseJson } from '../../values/fields.ts';
import { whole } from '../../values/decimal.ts';
import type { Rows } from './decode.ts';

const PAGE = 1000;

export interface BackfillOptions {
  readonly live: Live;
  readonly rows: Rows;
  readonly url: string;
  readonly allowPlainText: boolean;
  readonly limiter: Limiter;
}

/** False when the vendor has no more of it. */
export function coinbaseBackfill({ live, rows, url, allowPlainText, limiter }: BackfillOptions) {
  return async (instrument: string, missing: readonly Range[], signal: AbortSignal): Promise<boolean> => {
    const product = instrument.slice('coinbase:'.length);
    const lowest = missing[0]![0];
    let after = missing.at(-1)![1] + 1;
    while (after > lowest) {
      await live.out.room(signal);
      const address = `${url}/products/${encodeURIComponent(product)}/trades?limit=${PAGE}&after=${after}`;
      const { body, receipt } = await fetchOk(live, { url: address, allowPlainText, limiter, signal, headers: { 'user-agent': 'foretick' } });
      const page = { oldest: after, isRead: false };
      live.out.frame(address, body, receipt, () => {
        const trades = array(parseJson(body), 'body').map((entry) => object(entry, 'trade'));
        const ids = trades.map((trade) => whole(trade['trade_id'], 'trade_id'));
        trades.forEach((trade, i) => {
          if (missing.some(([first, last]) => ids[i]! >= first && ids[i]! <= last)) rows.trade(product, trade, false);
        });
        page.oldest = Math.min(after, ...ids);
        page.isRead = true;
        return 'backfill';
      });
      if (!page.isRead) throw fail('SOURCE_UNAVAILABLE', 'Coinbase answered what cannot be read');
      if (page.oldest >= after) return false;
      after = page.oldest;
    }
    return true;
  };
}
