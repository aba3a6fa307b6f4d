/** Alpaca: US stocks over its market data stream, as JSON or MessagePack. */
import { z } from 'zod';

import { runFeeds } from '../../connect/feeds.ts';
import type { Ladders } from '../../connect/ladder.ts';
import { defineSource } from '../../kind.ts';
import type { Live } from '../../live/live.ts';
import { createOutages } from '../../live/outages.ts';
import { liveSource } from '../../live/source.ts';
import { instrumentsOption, liveOptions, liveSettings } from '../../options.ts';
import { secretSchema } from '../../secrets.ts';
import { duration } from '../../units.ts';
import { alpacaBackfill } from './backfill.ts';
import { alpacaRows, instrumentOf } from './rows.ts';
import { alpacaSession } from './session.ts';
import { alpacaWire } from './wire.ts';

const options = z.strictObject({
  instruments: instrumentsOption('AAPL'),
  key: secretSchema().describe('Key id: env or file'),
  secret: secretSchema().describe('Secret key: env or file'),
  feed: z.string().regex(/^[a-z_]+$/).default('iex').describe('iex (free), sip (all exchanges), delayed_sip, boats, overnight; test sends FAKEPACA at all hours'),
  encoding: z.enum(['json', 'msgpack']).default('msgpack').describe('Form of the frames: MessagePack is smaller'),
  trades: z.boolean().default(true).describe('Trades; their sides are not told'),
  quotes: z.boolean().default(true).describe('Best bid and ask; sizes in round lots'),
  bars: z.boolean().default(false).describe('Bars of a minute'),
  backfill: z.boolean().default(true).describe('Fetch the trades that a lost connection took from the history'),
  url: z.url().default('wss://stream.data.alpaca.markets/v2').describe('Address of the stream, without the feed'),
  rest_url: z.url().default('https://data.alpaca.markets').describe('Where missed trades are fetched'),
  symbols: z.int().min(1).default(30).describe('Instruments of the plan: 30 on the free one; more are not collected, and a note says so'),
  silent_after: duration().default(75e6).describe('Without a byte for so long the connection is dead; the vendor pings about each 54 s'),
  requests_per_minute: z.int().min(1).default(200).describe('The plan\'s cap on requests for missed trades'),
  ...liveOptions(),
});

type Options = z.output<typeof options>;

const LADDERS: Ladders = {
  dropped: { immediate: 1, first: 1000, factor: 2, cap: 60_000, jitter: 0.5 },
  // While another connection has the key; the vendor lets a dead one stand for a while.
  'rate-limited': { first: 5000, factor: 1.5, cap: 60_000, jitter: 0.3 },
};

export const alpaca = defineSource({
  kind: 'alpaca',
  doc: {
    title: 'Alpaca market data, US stocks',
    gives: 'Trades and quotes (best bid and ask), bars of a minute on request. Instruments alpaca:AAPL.',
    keys: 'key and secret of an account',
    limits: 'One connection a key; as many symbols as the plan has (30 on the free one); 200 requests a minute for missed trades.',
    gaps: 'Records carry no numbers: an outage is bounded in time. Its trades are fetched from /v2/stocks/trades; quotes are not.',
    licence: 'Alpaca and exchange terms: for your own use; redistribution needs an agreement with the exchanges.',
  },
  options,
  subscribing: { shared: false, instrument: instrumentOf },
  create: (name, read, environment) => liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => run(live, read) }),
});

async function run(live: Live, read: Options): Promise<void> {
  const { environment } = live;
  const wire = alpacaWire(read.encoding);
  const wanted = (['trades', 'quotes', 'bars'] as const).filter((stream) => read[stream]);
  let collects: (symbol: string) => boolean = () => false;
  const rows = alpacaRows(live, (symbol) => collects(symbol));
  let credentials = { key: '', secret: '' };
  const outages = createOutages(live, {
    stream: 'trade',
    fetch: alpacaBackfill({
      live,
      rows,
      url: read.rest_url,
      feed: read.feed,
      allowPlainText: read.allow_plain_text,
      limiter: environment.limits.of('alpaca/rest', { limit: read.requests_per_minute, perMs: 60_000 }),
      credentials: () => credentials,
    }),
  });
  const message = (action: 'subscribe' | 'unsubscribe', symbols: readonly string[]): readonly (string | Uint8Array)[] => [
    wire.write({ action, ...Object.fromEntries(wanted.map((stream) => [stream, symbols])) }),
  ];
  await runFeeds(live, {
    async url() {
      credentials = { key: (await environment.secret(read.key)).reveal(), secret: (await environment.secret(read.secret)).reveal() };
      return `${read.url}/${read.feed}`;
    },
    headers: () => wire.headers,
    allowPlainText: read.allow_plain_text,
    instrument: instrumentOf,
    perConnection: read.symbols,
    connections: 1,
    silentMs: read.silent_after / 1000,
    ladders: LADDERS,
    unnumbered: wanted.map((stream) => stream.slice(0, -1)),
    outage: (outage) => read.backfill && outages.take(outage),
    resume: (instruments) => { outages.resume(instruments); },
    messages: { subscribe: (symbols) => message('subscribe', symbols), unsubscribe: (symbols) => message('unsubscribe', symbols) },
    session: (channel, scope) => {
      collects = (symbol) => scope.collects(symbol);
      return alpacaSession({ live, channel, scope, wire, rows, streams: wanted, credentials: () => credentials });
    },
    forget: (symbol) => { rows.forget(symbol); },
  });
}
