/** Binance spot: best bid and ask, and trades, from combined market streams. */
import { z } from 'zod';

import { fail } from '#proto';

import { runFeeds, type FeedPlan } from '../../connect/feeds.ts';
import type { Ladders } from '../../connect/ladder.ts';
import { Rising } from '../../integrity/repeats.ts';
import { defineSource } from '../../kind.ts';
import type { Live } from '../../live/live.ts';
import { createNumbered } from '../../live/numbered.ts';
import { liveSource } from '../../live/source.ts';
import { instrumentsOption, liveOptions, liveSettings } from '../../options.ts';
import { secretSchema } from '../../secrets.ts';
import { duration } from '../../units.ts';
import { frameText } from '../../values/fields.ts';
import { ARCHIVES, binanceBackfill } from './backfill.ts';
import { catchUp } from './catch-up.ts';
import { STREAMS_PER_MESSAGE, binanceDecoder, binanceMessages, type Stream } from './feed.ts';
import { binanceRows, wireOf } from './rows.ts';

const VENUES = {
  binance: { url: 'wss://stream.binance.com:9443', rest: 'https://api.binance.com' },
  'binance-us': { url: 'wss://stream.binance.us:9443', rest: 'https://api.binance.us' },
} as const;

/** The vendor's cap on streams of one connection. */
const STREAMS = 1024;

const options = z.strictObject({
  instruments: instrumentsOption('BTC-USDT'),
  venue: z.enum(['binance', 'binance-us']).default('binance').describe('Which exchange: its addresses, and the venue in instrument ids'),
  quotes: z.boolean().default(true).describe('Best bid and ask, at each change (stream bookTicker)'),
  trades: z.enum(['aggregated', 'single', 'none']).default('aggregated').describe('Trades: those of one taker order at one price as one (stream aggTrade), each by itself (trade), or none'),
  url: z.url().optional().describe('Address of the streams, where it is not the venue\'s: wss://data-stream.binance.vision has market data only'),
  rest_url: z.url().optional().describe('Where missed trades are fetched, where it is not the venue\'s'),
  api_key: secretSchema().optional().describe('Key with which missed single trades are fetched, where the venue asks for one'),
  silent_after: duration().default(40e6).describe('Without a byte for so long a connection is dead; it is pinged at a third of it'),
  max_connection_age: duration().default(23.5 * 3600e6).describe('A connection so old is replaced by another before the vendor cuts it, which it does after 24 hours'),
  instruments_per_connection: z.int().min(1).max(STREAMS).default(500).describe('Symbols on one connection, at two streams each; the vendor allows 1024 streams'),
  connects_per_5_minutes: z.int().min(1).default(250).describe('Connections an address opens; the vendor allows 300'),
  messages_per_second: z.int().min(1).default(3).describe('Messages sent on one connection; the vendor allows 5, pings and pongs among them'),
  weight_per_minute: z.int().min(25).default(3000).describe('What requests for missed trades may weigh; the vendor allows an address 6000'),
  ...liveOptions(),
});

type Options = z.output<typeof options>;

const LADDERS: Ladders = {
  // Addresses that are cut again and again may be banned.
  dropped: { immediate: 1, first: 1000, factor: 2, cap: 60_000, jitter: 0.5 },
};

export const binance = defineSource({
  kind: 'binance',
  doc: {
    title: 'Binance spot, combined market streams',
    gives: 'Quotes (best bid and ask at each change, without the vendor\'s time) and trades with the side of the aggressor. Instruments binance:BTC-USDT, on Binance.US binance-us:BTC-USDT.',
    keys: 'none; where single trades are fetched and the venue asks for it, a key',
    limits: '250 of 300 connections in 5 minutes, 3 of 5 messages a second, 1000 of 1024 streams on a connection, half of the weight of requests.',
    gaps: 'Trades: by id; fetched from GET /api/v3/aggTrades or historicalTrades. Quotes: their numbers rise with jumps; bounded in time after an outage, they cannot be fetched.',
    licence: 'Binance terms of use: for your own use; passing market data on needs an agreement with Binance.',
  },
  options,
  subscribing: { shared: true, instrument: (symbol, { venue }) => `${venue}:${symbol}` },
  create: (name, read, environment) => {
    if (!read.quotes && read.trades === 'none') throw fail('CONFIG_INVALID', `${name}: neither quotes nor trades are to be collected`);
    return liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => run(live, read) });
  },
});

async function run(live: Live, read: Options): Promise<void> {
  const { venue, quotes, trades, allow_plain_text: allowPlainText, api_key: key } = read;
  const { limits } = live.environment;
  const tradeStream = trades === 'single' ? 'trade' : 'aggTrade';
  const streams: Stream[] = [...(quotes ? (['bookTicker'] as const) : []), ...(trades === 'none' ? [] : [tradeStream as Stream])];
  const archive = ARCHIVES[tradeStream];
  const instrumentOf = (symbol: string): string => `${venue}:${symbol}`;
  // What is subscribed to, by its name on the wire, which does not say where the second asset begins.
  const symbols = new Map<string, string>();
  const numbered = createNumbered(live, { stream: 'trade', numbering: tradeStream, backfill: (...wanted) => backfill.fill(...wanted) });
  const rows = binanceRows({ live, trades: numbered, quotes: new Rising(), instrument: instrumentOf });
  const backfill = binanceBackfill({
    live,
    rows,
    archive,
    url: read.rest_url ?? VENUES[venue].rest,
    symbolOf: (instrument) => instrument.slice(venue.length + 1),
    headers: async () => (key === undefined || trades !== 'single' ? {} : { 'x-mbx-apikey': (await live.environment.secret(key)).reveal() }),
    allowPlainText,
    limiter: limits.of(`${venue}/rest`, { limit: Math.floor(read.weight_per_minute / archive.weight), perMs: 60_000 }),
  });
  let id = 0;
  const messagesFor = (method: 'SUBSCRIBE' | 'UNSUBSCRIBE', of: readonly string[]): string[] => binanceMessages(method, streams, of, () => ++id);
  const plan: FeedPlan = {
    url: () => `${read.url ?? VENUES[venue].url}/stream?timeUnit=MICROSECOND`,
    allowPlainText,
    instrument: instrumentOf,
    perConnection: Math.min(read.instruments_per_connection, Math.floor(STREAMS / streams.length)),
    silentMs: read.silent_after / 1000,
    pingMs: read.silent_after / 3000,
    maxAgeMs: read.max_connection_age / 1000,
    overlap: true,
    ladders: LADDERS,
    // 451: not from where we are.
    refusals: [401, 403, 451],
    connects: limits.of(`${venue}/connect`, { limit: read.connects_per_5_minutes, perMs: 300_000 }),
    sends: { limit: read.messages_per_second, perMs: 1000 },
    unnumbered: quotes ? ['quote'] : [],
    messages: {
      subscribe(of) {
        for (const symbol of of) symbols.set(wireOf(symbol), symbol);
        return messagesFor('SUBSCRIBE', of);
      },
      unsubscribe: (of) => messagesFor('UNSUBSCRIBE', of),
    },
    session: (channel, scope) => {
      const messages = Math.ceil((scope.symbols.length * streams.length) / STREAMS_PER_MESSAGE);
      const symbolOf = (wire: string): string | null => {
        const symbol = symbols.get(wire);
        return symbol !== undefined && scope.collects(symbol) ? symbol : null;
      };
      const ended = new AbortController();
      const caughtUp = (of: readonly string[]): void => {
        if (trades !== 'none') void catchUp({ live, symbols: of, rows, backfill, trades: numbered, instrument: instrumentOf, signal: AbortSignal.any([live.signal, ended.signal]) });
      };
      const confirmed = (): void => {
        channel.confirmed();
        caughtUp(scope.symbols);
      };
      const decode = binanceDecoder({ channel, rows, messages, confirmed, symbolOf });
      return {
        frame: (data) => decode(frameText(data)),
        added: caughtUp,
        ended: () => { ended.abort(); },
      };
    },
    numbered: trades === 'none' ? [] : [numbered],
    forget: (symbol) => {
      rows.forget(symbol);
      symbols.delete(wireOf(symbol));
    },
  };
  await runFeeds(live, plan);
}
