/** Yahoo's quotes, asked for again and again: where its streamer cannot be reached. Samples: what happened between two is not claimed. */
import { asForetickError, fail } from '#proto';

import { hasAborted } from '../../clock.ts';
import { fetchText } from '../../connect/http.ts';
import type { Ladders } from '../../connect/ladder.ts';
import { poll } from '../../connect/poll.ts';
import { takeEach } from '../../live/entries.ts';
import type { Live } from '../../live/live.ts';
import { createOutageTimes } from '../../live/outage-times.ts';
import { createCrumbs } from './crumb.ts';
import type { YahooOptions } from './options.ts';
import { createPrices, instrumentOf } from './prices.ts';
import { readQuotes } from './quotes.ts';

const LADDERS: Ladders = {
  'rate-limited': { first: 10_000, factor: 2, cap: 900_000, jitter: 0.5 },
  'http-error': { first: 2000, factor: 2, cap: 300_000, jitter: 0.5 },
  silent: { first: 1000, factor: 2, cap: 60_000, jitter: 0.5 },
};

export async function runPolling(live: Live, read: YahooOptions): Promise<void> {
  const { environment, instruments, positions, signal } = live;
  const limiter = environment.limits.of('yahoo/rest', { limit: read.requests_per_minute, perMs: 60_000 });
  const crumbs = createCrumbs(live, read, limiter);
  const collected = new Set<string>();
  const prices = createPrices({ live, collects: (symbol) => collected.has(symbol), maxSnapshotAge: read.max_snapshot_age, maxAge: read.max_age });
  const outages = createOutageTimes(live);
  /** Symbols of which the newest answer is the next after an interruption. */
  const interrupted = new Set<string>();
  const unknown = new Set<string>();
  /** Receipt time of the newest answer about a symbol, microseconds. */
  const answered = new Map<string, number>();

  /** Those that others collect from now on: nothing more is published of them. */
  function leave(symbols: readonly string[]): void {
    for (const gone of [...collected].filter((symbol) => !symbols.includes(symbol))) {
      collected.delete(gone);
      prices.forget(gone);
      interrupted.delete(gone);
      unknown.delete(gone);
      answered.delete(gone);
      outages.forget(instrumentOf(gone));
      positions.forget(instrumentOf(gone));
    }
    instruments.applied?.(symbols);
  }

  async function follow(): Promise<readonly string[]> {
    const symbols = instruments.current();
    leave(symbols);
    const added = symbols.filter((symbol) => !collected.has(symbol));
    await positions.load(added.map(instrumentOf));
    // Some may be gone meanwhile.
    const left = added.filter((symbol) => instruments.current().includes(symbol));
    outages.add(left.map(instrumentOf));
    for (const symbol of left) collected.add(symbol);
    return symbols.filter((symbol) => collected.has(symbol));
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
      takeEach(live.out, answer.prices, (price) => { prices.publish(price); });
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
      // What comes after an interruption may be of before it.
      prices.begin(symbols.filter((symbol) => interrupted.delete(symbol)));
      publish(symbols, body, receipt);
      for (const symbol of symbols) if (collected.has(symbol)) answered.set(symbol, receipt);
      report(symbols, receipt);
    } catch (thrown) {
      // The others wait for this one.
      for (const symbol of collected) {
        interrupted.add(symbol);
        const since = answered.get(symbol);
        if (since !== undefined) outages.begin(instrumentOf(symbol), since);
      }
      throw asForetickError(thrown);
    }
  }

  /** What was not asked for in time. */
  function report(symbols: readonly string[], toUs: number): void {
    const ended = outages.end(symbols.filter((each) => collected.has(each)).map(instrumentOf));
    for (const [fromUs, of] of ended) live.gapClosed({ stream: 'trade', instruments: [...of], fromUs, toUs, cause: 'disconnected' });
  }

  async function watch(): Promise<void> {
    while (!signal.aborted) {
      await instruments.changed(signal);
      if (!hasAborted(signal)) leave(instruments.current());
    }
  }

  const round = async (): Promise<void> => {
    const symbols = await follow();
    const size = read.symbols_per_request;
    for (let from = 0; from < symbols.length && !signal.aborted; from += size) await one(symbols.slice(from, from + size));
  };
  const watching = watch();
  await poll(live, { name: live.name, intervalMs: read.interval / 1000, ladders: LADDERS, round }, signal);
  await watching;
}
