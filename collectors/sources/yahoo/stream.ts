/** Yahoo's streamer: prices as they change, a hundred symbols a connection. */
import { hasAborted } from '../../clock.ts';
import { runFeeds, type FeedScope, type FeedSession } from '../../connect/feeds.ts';
import type { Channel } from '../../connect/connection.ts';
import type { Ladders } from '../../connect/ladder.ts';
import type { Live } from '../../live/live.ts';
import { frameText } from '../../values/fields.ts';
import { chartBackfill } from './chart.ts';
import { takeFrame } from './frames.ts';
import type { YahooOptions } from './options.ts';
import { createPrices, instrumentOf } from './prices.ts';

/** Shorter outages hold no minute of their own. */
const WORTH_BARS_US = 120e6;
/** So long subscribing waits for the minutes of before, since prices do not go back. */
const BARS_MS = 20_000;

const LADDERS: Ladders = {
  // What it cannot read it closes on without a word (1005).
  dropped: { immediate: 1, first: 1000, factor: 2, cap: 60_000, jitter: 0.5 },
  'http-error': { first: 2000, factor: 2, cap: 300_000, jitter: 0.5 },
  'rate-limited': { first: 10_000, factor: 2, cap: 600_000, jitter: 0.5 },
};

export async function runStream(live: Live, read: YahooOptions): Promise<void> {
  const { environment, clock } = live;
  const headers = { 'user-agent': read.user_agent };
  const scopes = new Map<string, FeedScope>();
  const collects = (symbol: string): boolean => [...scopes.values()].some((scope) => scope.collects(symbol));
  const prices = createPrices({ live, collects, maxSnapshotAge: read.max_snapshot_age, maxAge: read.max_age });
  const limiter = environment.limits.of('yahoo/rest', { limit: read.requests_per_minute, perMs: 60_000 });
  const backfill = chartBackfill({ live, prices, url: read.rest_url, headers, allowPlainText: read.allow_plain_text, limiter });
  /** Receipt time of the newest frame, by connection. */
  const heard = new Map<string, number>();

  function session(channel: Channel, scope: FeedScope): FeedSession {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, live.signal]);
    scopes.set(channel.name, scope);
    prices.begin(scope.symbols);

    /** Minutes first: they are older than what comes on subscribing. */
    async function bars(): Promise<void> {
      const symbols = scope.symbols.filter((symbol) => prices.follows(symbol));
      const since = symbols.map((symbol) => heard.get(channel.name) ?? live.covered(instrumentOf(symbol))).filter((at) => at > 0);
      const from = Math.max(Math.min(...since), live.receipt() - read.backfill);
      if (since.length === 0 || live.receipt() - from < WORTH_BARS_US) return;
      await Promise.race([backfill(symbols, from, signal), clock.sleep(BARS_MS, signal)]);
    }

    async function keep(): Promise<void> {
      await bars();
      if (hasAborted(signal)) return;
      scope.subscribe();
      await clock.sleep(read.confirmed_after / 1000, signal);
      if (hasAborted(signal)) return;
      channel.confirmed();
      // A subscription that got lost shows by nothing.
      for (;;) {
        await clock.sleep(read.resubscribe / 1000, signal);
        if (hasAborted(signal)) return;
        scope.subscribe();
      }
    }

    void keep();
    return {
      deferred: true,
      frame(data) {
        heard.set(channel.name, live.out.receipt);
        return takeFrame(frameText(data), prices);
      },
      ended: () => {
        over.abort();
        if (scopes.get(channel.name) === scope) scopes.delete(channel.name);
      },
    };
  }

  const message = (action: 'subscribe' | 'unsubscribe', symbols: readonly string[]): readonly string[] => [JSON.stringify({ [action]: symbols })];
  await runFeeds(live, {
    url: () => read.url,
    headers: () => headers,
    allowPlainText: read.allow_plain_text,
    instrument: instrumentOf,
    perConnection: read.symbols_per_connection,
    connections: read.connections,
    silentMs: read.silent_after / 1000,
    // Nothing is sent while markets are closed.
    pingMs: read.silent_after / 3000,
    confirmMs: 10_000 + BARS_MS + read.confirmed_after / 1000,
    ladders: LADDERS,
    connects: environment.limits.of('yahoo/connect', { limit: read.connects_per_minute, perMs: 60_000 }),
    sends: { limit: 10, perMs: 1000 },
    unnumbered: ['trade'],
    messages: {
      subscribe: (symbols) => message('subscribe', symbols),
      unsubscribe: (symbols) => message('unsubscribe', symbols),
    },
    session,
    forget: (symbol) => { prices.forget(symbol); },
  });
}
