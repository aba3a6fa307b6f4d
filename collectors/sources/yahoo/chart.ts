/** Minutes of the past: `GET /v8/finance/chart/SYMBOL?interval=1m`. */
import { fail } from '#proto';

import { fetchOk } from '../../connect/http.ts';
import type { Limiter } from '../../connect/limits.ts';
import { askAgain } from '../../live/again.ts';
import type { Live } from '../../live/live.ts';
import { decimal } from '../../values/decimal.ts';
import { array, object, parseJson, text } from '../../values/fields.ts';
import { timeOf } from '../../values/time.ts';
import { rounded, type Bar, type Prices } from './prices.ts';

export interface Minute extends Bar {
  /** Its beginning, microseconds. */
  readonly at: number;
}

const MINUTE_US = 60e6;
const TRIES = 2;

/** Rows of a chart. Those without a price, and the price of now that stands behind the last full one, are left out. @throws MALFORMED_RECORD */
export function chartRows(body: string): readonly Minute[] {
  const { result, error } = object(object(parseJson(body), 'body')['chart'], 'chart');
  if (error !== null && error !== undefined) throw fail('MALFORMED_RECORD', `chart: ${String(object(error, 'error')['code'])}`);
  const chart = object(array(result, 'result')[0], 'result');
  // No trades: the lists are not there.
  if (chart['timestamp'] === undefined) return [];
  const times = array(chart['timestamp'], 'timestamp');
  const columns = object(array(object(chart['indicators'], 'indicators')['quote'], 'quote')[0], 'quote');
  const [opens, highs, lows, closes, volumes] = ['open', 'high', 'low', 'close', 'volume'].map((name) => array(columns[name], name)) as [readonly unknown[], readonly unknown[], readonly unknown[], readonly unknown[], readonly unknown[]];
  const number = (column: readonly unknown[], i: number, name: string): number => rounded(decimal(column[i], name));
  return times.flatMap((time, i) => {
    if ([opens, highs, lows, closes].some((column) => column[i] === null || column[i] === undefined)) return [];
    const row = { open: number(opens, i, 'open'), high: number(highs, i, 'high'), low: number(lows, i, 'low'), close: number(closes, i, 'close') };
    return [{ at: timeOf(time, 's', 'timestamp'), ...row, volume: typeof volumes[i] === 'number' ? volumes[i] : 0 }];
  });
}

export interface ChartOptions {
  readonly live: Live;
  readonly prices: Prices;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly allowPlainText: boolean;
  readonly limiter: Limiter;
}

/** Publishes the full minutes that ended after this time, the oldest first. Never throws: what cannot be had is noted. */
export function chartBackfill({ live, prices, url, headers, allowPlainText, limiter }: ChartOptions): (symbols: readonly string[], fromUs: number, signal: AbortSignal) => Promise<void> {
  async function ask(symbol: string, fromUs: number, signal: AbortSignal): Promise<boolean> {
    const address = new URL(`${url}/v8/finance/chart/${encodeURIComponent(symbol)}`);
    const nowUs = live.receipt();
    const query = { interval: '1m', includePrePost: 'true', period1: String(Math.floor(fromUs / MINUTE_US) * 60), period2: String(Math.ceil(nowUs / 1e6)) };
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
    const { body, receipt } = await fetchOk(live, { url: address.href, headers, allowPlainText, limiter, signal });
    live.out.frame(`${address.origin}${address.pathname}`, body, receipt, () => {
      const { symbol: answered } = object(object(array(object(object(parseJson(body), 'body')['chart'], 'chart')['result'], 'result')[0], 'result')['meta'], 'meta');
      if (text(answered, 'symbol') !== symbol) throw fail('MALFORMED_RECORD', 'the chart of another symbol');
      for (const { at, ...bar } of chartRows(body)) {
        const end = at + MINUTE_US;
        const isFull = at % MINUTE_US === 0 && end <= nowUs;
        if (isFull && end > fromUs && !prices.publishBar(symbol, end, bar)) live.out.skip('late');
      }
      return 'chart';
    });
    return true;
  }

  return async (symbols, fromUs, signal) => {
    for (const symbol of symbols) {
      if (signal.aborted) return;
      await live.out.room(signal);
      await askAgain(live, `chart of ${symbol}`, TRIES, () => ask(symbol, fromUs, signal));
    }
  };
}
