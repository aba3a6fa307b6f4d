/** Kraken spot: best bid and ask, and trades, from WebSocket v2. */
import { z } from 'zod';

import { fail } from '#proto';

import { runFeeds, type FeedPlan } from '../../connect/feeds.ts';
import type { Ladders } from '../../connect/ladder.ts';
import { defineSource } from '../../kind.ts';
import type { Live } from '../../live/live.ts';
import { createNumbered } from '../../live/numbered.ts';
import { liveSource } from '../../live/source.ts';
import { instrumentsOption, liveOptions, liveSettings } from '../../options.ts';
import { duration } from '../../units.ts';
import { frameText } from '../../values/fields.ts';
import { krakenBackfill } from './backfill.ts';
import { krakenDecoder, krakenMessages, type Subscribed } from './feed.ts';
import { instrumentOf, krakenRows } from './rows.ts';
import { tradeTimes } from './times.ts';

const options = z.strictObject({
  instruments: instrumentsOption('BTC-USD'),
  quotes: z.boolean().default(true).describe('Best bid and ask, at each change of the best prices (channel ticker)'),
  trades: z.boolean().default(true).describe('Trades (channel trade)'),
  url: z.url().default('wss://ws.kraken.com/v2').describe('Address of the feed'),
  rest_url: z.url().default('https://api.kraken.com').describe('Where missed trades are fetched'),
  max_snapshot_age: duration().default(10e6).describe('A quote sent on subscribing is news only when it is no older'),
  silent_after: duration().default(10e6).describe('Without a byte for so long a connection is dead; heartbeats come each second'),
  instruments_per_connection: z.int().min(1).default(200).describe('Symbols on one connection'),
  connects_per_10_minutes: z.int().min(1).default(120).describe('Connections an address opens; the vendor bans it for 10 minutes from about 150 on'),
  messages_per_second: z.int().min(1).default(10).describe('Messages sent on one connection'),
  requests_per_second: z.number().positive().default(0.8).describe('Requests for missed trades; the vendor allows about 1'),
  ...liveOptions(),
});

type Options = z.output<typeof options>;

const LADDERS: Ladders = {
  // At once the first time; during maintenance at least 5 s lie between two tries.
  dropped: { immediate: 1, first: 6250, factor: 2, cap: 60_000 },
  'rate-limited': { first: 10_000, factor: 2, cap: 600_000 },
};

export const kraken = defineSource({
  kind: 'kraken',
  doc: {
    title: 'Kraken spot, WebSocket v2',
    gives: 'Quotes (best bid and ask at each change of the best prices) and trades with the side of the aggressor. Instruments kraken:BTC-USD.',
    keys: 'none',
    limits: '120 connections in 10 minutes of the vendor\'s about 150; 0.8 requests a second for missed trades.',
    gaps: 'Trades: by trade id; filled by the 50 trades sent on subscribing, then from GET /0/public/Trades. Quotes: bounded in time after an outage; they have no numbers and cannot be fetched.',
    licence: 'Kraken terms of service: for your own use; passing market data on needs an agreement with Kraken.',
  },
  options,
  subscribing: { shared: true, instrument: instrumentOf },
  create: (name, read, environment) => {
    if (!read.quotes && !read.trades) throw fail('CONFIG_INVALID', `${name}: neither quotes nor trades are to be collected`);
    return liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => run(live, read) });
  },
});

async function run(live: Live, read: Options): Promise<void> {
  const { quotes, trades, allow_plain_text: allowPlainText } = read;
  const { limits } = live.environment;
  const channels: Subscribed[] = [...(trades ? (['trade'] as const) : []), ...(quotes ? (['ticker'] as const) : [])];
  const times = tradeTimes(live);
  const numbered = createNumbered(live, { stream: 'trade', backfill: (...wanted) => backfill(...wanted) });
  const rows = krakenRows({ live, trades: numbered, times, maxSnapshotAge: read.max_snapshot_age });
  const limiter = limits.of('kraken/rest', { limit: 1, perMs: 1000 / read.requests_per_second });
  const backfill = krakenBackfill({ live, rows, times, url: read.rest_url, allowPlainText, limiter });
  const plan: FeedPlan = {
    url: () => read.url,
    allowPlainText,
    instrument: instrumentOf,
    perConnection: read.instruments_per_connection,
    silentMs: read.silent_after / 1000,
    ladders: LADDERS,
    connects: limits.of('kraken/connect', { limit: read.connects_per_10_minutes, perMs: 600_000 }),
    sends: { limit: read.messages_per_second, perMs: 1000 },
    unnumbered: quotes ? ['quote'] : [],
    messages: {
      subscribe: (symbols) => krakenMessages('subscribe', channels, symbols),
      unsubscribe: (symbols) => krakenMessages('unsubscribe', channels, symbols),
    },
    session: (channel, scope) => {
      const decode = krakenDecoder({ live, channel, rows, channels, symbols: scope.symbols, collects: (symbol) => scope.collects(symbol) });
      return { frame: (data) => decode(frameText(data)) };
    },
    numbered: trades ? [numbered] : [],
    forget: (symbol) => { rows.forget(symbol); },
  };
  await runFeeds(live, plan);
}
