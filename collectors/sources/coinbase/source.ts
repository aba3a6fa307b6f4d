/** Coinbase spot: best bid and ask, and trades, from the Exchange feed or the Advanced Trade feed. */
import { z } from 'zod';

import type { Ladders } from '../../connect/ladder.ts';
import { runFeeds, type FeedPlan } from '../../connect/feeds.ts';
import { Rising } from '../../integrity/repeats.ts';
import { defineSource } from '../../kind.ts';
import type { Live } from '../../live/live.ts';
import { createNumbered } from '../../live/numbered.ts';
import { liveSource } from '../../live/source.ts';
import { instrumentsOption, liveOptions, liveSettings } from '../../options.ts';
import { duration } from '../../units.ts';
import { frameText } from '../../values/fields.ts';
import { advancedDecoder, advancedMessages } from './advanced.ts';
import { coinbaseBackfill } from './backfill.ts';
import { coinbaseRows, instrumentOf } from './decode.ts';
import { exchangeDecoder, exchangeMessage } from './exchange.ts';

const URLS = { exchange: 'wss://ws-feed.exchange.coinbase.com', advanced: 'wss://advanced-trade-ws.coinbase.com' } as const;

const options = z.strictObject({
  instruments: instrumentsOption('BTC-USD'),
  api: z.enum(['exchange', 'advanced']).default('exchange').describe('Which feed: exchange sends each trade, advanced collects trades for 250 ms'),
  quotes: z.boolean().default(true).describe('Best bid and ask, as of each trade (channel ticker)'),
  trades: z.boolean().default(true).describe('Trades (channel matches, market_trades)'),
  url: z.url().optional().describe('Address of the feed, where it is not the vendor\'s'),
  rest_url: z.url().default('https://api.exchange.coinbase.com').describe('Where missed trades are fetched'),
  max_snapshot_age: duration().default(10e6).describe('A quote sent on subscribing is news only when it is no older'),
  silent_after: duration().default(10e6).describe('Without a byte for so long a connection is dead; heartbeats come each second'),
  instruments_per_connection: z.int().min(1).default(200).describe('Products on one connection'),
  connects_per_second: z.int().min(1).default(8).describe('The vendor\'s cap on connections an address opens'),
  messages_per_second: z.int().min(1).default(8).describe('The vendor\'s cap on messages sent to it'),
  requests_per_second: z.int().min(1).default(10).describe('The vendor\'s cap on requests for missed trades'),
  ...liveOptions(),
});

type Options = z.output<typeof options>;

const LADDERS: Ladders = {
  // A subscribe that came too late, or a cut by the vendor: at once, then in growing steps.
  dropped: { immediate: 1, first: 1000, factor: 2, cap: 30_000, jitter: 0.5 },
  'rate-limited': { first: 2000, factor: 2, cap: 120_000, jitter: 0.5 },
};

export const coinbase = defineSource({
  kind: 'coinbase',
  doc: {
    title: 'Coinbase spot, Exchange and Advanced Trade feeds',
    gives: 'Quotes (best bid and ask as of each trade) and trades with the side of the aggressor. Instruments coinbase:BTC-USD.',
    keys: 'none',
    limits: '8 connections and 8 messages a second an address; 10 requests a second for missed trades.',
    gaps: 'Trades: by trade id and by the last trade id of heartbeats; fetched from GET /products/{id}/trades. Quotes: bounded in time after an outage; on the Advanced feed also by the number of each frame. They cannot be fetched.',
    licence: 'Coinbase Market Data Terms of Use: for your own use; do not pass the data on.',
  },
  options,
  subscribing: { shared: true, instrument: instrumentOf },
  create: (name, read, environment) =>
    liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => run(live, read) }),
});

async function run(live: Live, read: Options): Promise<void> {
  const { api, quotes, trades, allow_plain_text: allowPlainText } = read;
  const { limits } = live.environment;
  const rising = new Rising();
  const numbered = createNumbered(live, { stream: 'trade', backfill: (...wanted) => backfill(...wanted) });
  const rows = coinbaseRows({ live, trades: numbered, quotes: rising, maxSnapshotAge: read.max_snapshot_age });
  const limiter = limits.of('coinbase/rest', { limit: read.requests_per_second, perMs: 1000 });
  const backfill = coinbaseBackfill({ live, rows, url: read.rest_url, allowPlainText, limiter });
  const plan: FeedPlan = {
    url: () => read.url ?? URLS[api],
    allowPlainText,
    instrument: instrumentOf,
    perConnection: read.instruments_per_connection,
    silentMs: read.silent_after / 1000,
    ladders: LADDERS,
    connects: limits.of('coinbase/connect', { limit: read.connects_per_second, perMs: 1000 }),
    // Of an address, like connections.
    sends: limits.of('coinbase/messages', { limit: read.messages_per_second, perMs: 1000 }),
    unnumbered: quotes ? ['quote'] : [],
    messages: {
      subscribe: (products) => messagesOf(read, 'subscribe', products),
      unsubscribe: (products) => messagesOf(read, 'unsubscribe', products),
    },
    session: (channel, scope) => {
      const collects = (product: string): boolean => scope.collects(product);
      if (api === 'exchange') {
        const { decode, removed } = exchangeDecoder({ channel, rows, trades: trades ? numbered : null, collects });
        return { frame: (data) => decode(frameText(data)), removed };
      }
      const decode = advancedDecoder({ live, channel, rows, collects, instruments: () => scope.symbols.map(instrumentOf) });
      return { frame: (data) => decode(frameText(data)) };
    },
    numbered: trades ? [numbered] : [],
    forget: (product) => { rising.forget(product); },
  };
  await runFeeds(live, plan);
}

function messagesOf({ api, quotes, trades }: Options, type: 'subscribe' | 'unsubscribe', products: readonly string[]): string[] {
  return api === 'exchange' ? [exchangeMessage(type, products, { quotes, trades })] : advancedMessages(type, products, { quotes, trades });
}
