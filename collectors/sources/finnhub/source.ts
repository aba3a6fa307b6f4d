/** Finnhub: trades of US stocks, currencies and crypto over one WebSocket. */
import { z } from 'zod';

import { runFeeds } from '../../connect/feeds.ts';
import type { Ladders } from '../../connect/ladder.ts';
import { defineSource } from '../../kind.ts';
import type { Live } from '../../live/live.ts';
import { liveSource } from '../../live/source.ts';
import { instrumentsOption, liveOptions, liveSettings } from '../../options.ts';
import { secretSchema } from '../../secrets.ts';
import { duration } from '../../units.ts';
import { frameText } from '../../values/fields.ts';
import { finnhubDecoder, instrumentOf, recentTrades } from './decode.ts';

const options = z.strictObject({
  instruments: instrumentsOption('AAPL'),
  token: secretSchema().describe('API key: env or file'),
  url: z.url().default('wss://ws.finnhub.io').describe('Address of the feed, without the token'),
  price_updates: z.boolean().default(false).describe('Publish prices without a trade, as currencies have them, as trades of size 0; else they are counted and left out'),
  symbols: z.int().min(1).default(50).describe('Instruments of the plan: 50 on the free one; more are not collected, and a note says so'),
  confirmed_after: duration().default(2e6).describe('The vendor confirms no subscription: how long after the last one what happens comes for sure'),
  silent_after: duration().default(90e6).describe('Without a byte for so long the connection is dead; the vendor pings when nothing happens'),
  messages_per_second: z.int().min(1).default(20).describe('Subscriptions sent in a second: one symbol a message'),
  connects_per_minute: z.int().min(1).default(12).describe('Connections opened in a minute'),
  ...liveOptions(),
});

type Options = z.output<typeof options>;

const LADDERS: Ladders = {
  // A second connection of the key ends both: whoever comes back at once ends the other again.
  dropped: { first: 1000, factor: 2, cap: 60_000, jitter: 0.8 },
  'rate-limited': { first: 10_000, factor: 2, cap: 300_000, jitter: 0.5 },
};

export const finnhub = defineSource({
  kind: 'finnhub',
  doc: {
    title: 'Finnhub trades: US stocks, currencies, crypto',
    gives: 'Trades, without the side. Instruments finnhub:AAPL, finnhub:BINANCE:BTCUSDT, finnhub:OANDA:EUR_USD.',
    keys: 'an API key',
    limits: 'One connection a key: a second one ends both. 50 symbols on the free plan.',
    gaps: 'Records carry no ids or numbers: an outage is bounded in time, and cannot be fetched. Repeats are told by content.',
    licence: 'Finnhub terms: personal use on the free plan; redistribution needs a licence.',
  },
  options,
  subscribing: { shared: false, instrument: instrumentOf },
  create: (name, read, environment) => liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => run(live, read) }),
});

async function run(live: Live, read: Options): Promise<void> {
  const { environment, clock } = live;
  let collects: (symbol: string) => boolean = () => false;
  const decode = finnhubDecoder({ live, recent: recentTrades(), collects: (symbol) => collects(symbol), priceUpdates: read.price_updates });
  const messages = (type: 'subscribe' | 'unsubscribe', symbols: readonly string[]): string[] => symbols.map((symbol) => JSON.stringify({ type, symbol }));
  await runFeeds(live, {
    async url() {
      const token = await environment.secret(read.token);
      return `${read.url}?token=${encodeURIComponent(token.reveal())}`;
    },
    allowPlainText: read.allow_plain_text,
    instrument: instrumentOf,
    perConnection: read.symbols,
    connections: 1,
    silentMs: read.silent_after / 1000,
    confirmMs: 10_000 + read.confirmed_after / 1000 + (read.symbols / read.messages_per_second) * 1000,
    ladders: LADDERS,
    connects: environment.limits.of('finnhub/connect', { limit: read.connects_per_minute, perMs: 60_000 }),
    sends: { limit: read.messages_per_second, perMs: 1000 },
    unnumbered: ['trade'],
    messages: { subscribe: (symbols) => messages('subscribe', symbols), unsubscribe: (symbols) => messages('unsubscribe', symbols) },
    session: (channel, scope) => {
      collects = (symbol) => scope.collects(symbol);
      const over = new AbortController();
      const sent = Math.floor(Math.max(0, scope.symbols.length - 1) / read.messages_per_second) * 1000;
      void clock.sleep(sent + read.confirmed_after / 1000, AbortSignal.any([over.signal, live.signal])).then(() => {
        if (!over.signal.aborted) channel.confirmed();
      });
      return {
        frame: (data) => decode(channel, frameText(data)),
        ended: () => { over.abort(); },
      };
    },
  });
}
