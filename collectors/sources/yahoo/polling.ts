/** Yahoo's quotes, asked for again and again: where its streamer cannot be reached. Samples: what happened between two is not claimed. */
import { asForetickError, fail } from '#proto';

import { fetchText } from '../../connect/http.ts';
import type { Ladders } from '../../connect/ladder.ts';
import { poll } from '../../connect/poll.ts';
import type { Live } from '../../live/live.ts';
import { createCrumbs } from './crumb.ts';
import type { YahooOptions } from './options.ts';
import { createPrices, instrumentOf } from './prices.ts';
import { readQuotes } from './quotes.ts';

const LADDERS: Ladders = {
  'rate-limited': { first: 10_000, factor: 2, cap: 900_000, jitter: 0.5 },
  'http-error': { first: 2000, factor: 2, cap: 300_000, jitter: 0.5 },
  silent: { first: 1000, factor: 2, cap: 60_000, jitter: 0.5 },
};

interface Asked {
  /** Receipt time of the newest answer about it, microseconds. */
  readonly at: number;
  readonly failed: boolean;
}

export async function runPolling(live: Live, read: YahooOptions): Promise<void> {
  const { environment, positions, signal } = live;
  const limiter = environment.limits.of('yahoo/rest', { limit: read.requests_per_minute, perMs: 60_000 });
  const crumbs = createCrumbs(live, read, limiter);
  let collected = new Set<string>();
  const prices = createPrices({ live, collects: (symbol) => collected.has(symbol), maxSnapshotAge: read.max_snapshot_age, maxAge: read.max_age });
  const asked = new Map<string, Asked>();
  const unknown = new Set<string>();

  async function follow(): Promise<readonly string[]> {
    const symbols = live.instruments.current();
    for (const gone of [...collected].filter((symbol) => !symbols.includes(symbol))) {
      prices.forget(gone);
      asked.delete(gone);
      unknown.delete(gone);
      positions.forget(instrumentOf(gone));
    }
    const added = symbols.filter((symbol) => !collected.has(symbol));
    await positions.load(added.map(instrumentOf));
    // Those of the first round were perhaps collected before; those that come later were not.
    for (const symbol of added) asked.set(symbol, { at: collected.size === 0 ? live.publishedUpTo : 0, failed: true });
    collected = new Set(symbols);
    return symbols;
  }

  async function ask(symbols: readonly string[]): Promise<{ readonly body: string; readonly receipt: number }> {
    const { cookie, crumb } = await crumbs.get();
    const address = new URL(`${read.rest_url}/v7/finance/quote`);
    address.searchParams.set('symbols', symbols.join(','));
    address.searchParams.set('crumb', crumb);
    const headers = { accept: 'application/json', 'user-agent': read.user_agent, cookie };
    const { status, body, receipt, retryAfterMs } = await fetchText(live, { url: address.href, headers, allowPlainText: read.allow_plain_text, limiter, signal, timeoutMs: read.silent_after / 1000 });
    if (status === 200) return { body, receipt };
    // The crumb is old, or of another cookie: the next round asks for new ones.
    if (status === 401 || status === 403) crumbs.forget();
    throw fail('SOURCE_UNAVAILABLE', `${address.host}${address.pathname} answered ${status}`, { details: { status, retryAfterMs } });
  }

  function publish(symbols: readonly string[], body: string, receipt: number): void {
    live.out.frame(`${read.rest_url}/v7/finance/quote`, body, receipt, () => {
      const answer = readQuotes(live.out, body);
      for (const price of answer.prices) prices.publish(price);
      for (const symbol of symbols) {
        if (answer.symbols.has(symbol) || unknown.has(symbol)) continue;
        unknown.add(symbol);
        live.observe({ type: 'note', message: `Yahoo does not know ${symbol}` });
      }
      return 'quotes';
    });
  }

  async function one(symbols: readonly string[]): Promise<void> {
    await live.out.room(signal);
    try {
      const { body, receipt } = await ask(symbols);
      // What came after an outage may be of before it.
      prices.begin(symbols.filter((symbol) => asked.get(symbol)!.failed));
      publish(symbols, body, receipt);
      report(symbols, receipt);
      for (const symbol of symbols) asked.set(symbol, { at: receipt, failed: false });
    } catch (thrown) {
      for (const symbol of symbols) asked.set(symbol, { ...asked.get(symbol)!, failed: true });
      throw asForetickError(thrown);
    }
  }

  /** What was not asked for in time. */
  function report(symbols: readonly string[], toUs: number): void {
    const missed = symbols.filter((symbol) => asked.get(symbol)!.failed && asked.get(symbol)!.at > 0);
    if (missed.length === 0) return;
    const fromUs = Math.min(...missed.map((symbol) => asked.get(symbol)!.at));
    live.gapClosed({ stream: 'trade', instruments: missed.map(instrumentOf), fromUs, toUs, cause: 'disconnected' });
  }

  const round = async (): Promise<void> => {
    const symbols = await follow();
    const size = read.symbols_per_request;
    for (let from = 0; from < symbols.length && !signal.aborted; from += size) await one(symbols.slice(from, from + size));
  };
  await poll(live, { name: live.name, intervalMs: read.interval / 1000, ladders: LADDERS, round }, signal);
}
