/** What each source that ships is held to: by the contract, and by `npm run soak:sources`. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { ROOT } from '../support/recording.ts';
import { alpacaStandIn } from './alpaca/stand-in.ts';
import { binance } from './binance/stand-in.ts';
import { jetstream } from './bluesky/jetstream.ts';
import { coinbaseAdvanced } from './coinbase/advanced.ts';
import { coinbaseExchange } from './coinbase/exchange.ts';
import { finnhubStandIn } from './finnhub/stand-in.ts';
import { numberedList, tokenList } from './http-poll/lists.ts';
import { sourceContract, type ContractOptions } from './kit/contract.ts';
import { kraken } from './kraken/stand-in.ts';
import { mastodonServer } from './mastodon/server.ts';
import { oandaStandIn } from './oanda/stand-in.ts';
import { redditStandIn } from './reddit/stand-in.ts';
import { stockTwitsServer } from './stocktwits/server.ts';
import { bitstamp } from './websocket/bitstamp.ts';
import { gemini } from './websocket/gemini.ts';
import { house } from './websocket/house.ts';
import { xStandIn } from './x/stand-in.ts';
import { yahooStandIn } from './yahoo/stand-in.ts';

/** Answers have no order of frames, and are always whole. */
const POLLED = { closeCode: null, silentMs: 10_000, without: ['gap', 'reorder', 'repeat', 'flood', 'close'] } as const;
/** A body that does not end: nobody closes it with a code. */
const STREAMED = { closeCode: null, without: ['close'] } as const;
/** The contract's market is busier than any stream: with the vendor's own cap of 200 an hour there would be hardly a round in it. See stocktwits/rules.test.ts. */
const STOCKTWITS_CAP = 100_000;
const { source: oanda } = (await import(pathToFileURL(join(ROOT, 'examples/sources/oanda.js')).href)) as { readonly source: unknown };

export const CONTRACTS = {
  'Alpaca, JSON': { vendor: alpacaStandIn({ encoding: 'json' }), silentMs: 75_000 },
  'Alpaca, MessagePack': { vendor: alpacaStandIn({ encoding: 'msgpack' }), silentMs: 75_000 },
  'Binance, trades aggregated': { vendor: binance({ trades: 'aggTrade' }), silentMs: 40_000 },
  'Binance, single trades': { vendor: binance({ trades: 'trade' }), silentMs: 40_000 },
  'Bluesky': { vendor: jetstream(), silentMs: 40_000 },
  'Coinbase Exchange': { vendor: coinbaseExchange, silentMs: 10_000 },
  'Coinbase Advanced Trade': { vendor: coinbaseAdvanced, silentMs: 10_000 },
  'Finnhub': { vendor: finnhubStandIn(), silentMs: 90_000 },
  'A polled list with numbers': { vendor: numberedList, ...POLLED },
  'A polled list with a token for older pages': { vendor: tokenList, ...POLLED },
  'Kraken': { vendor: kraken, silentMs: 10_000 },
  'Mastodon, all public posts': { vendor: mastodonServer(), silentMs: 40_000, ...STREAMED },
  'Mastodon, hashtags': { vendor: mastodonServer({ settings: { stream: 'hashtag', hashtags: ['Stocks', 'crypto'] } }), silentMs: 40_000, ...STREAMED },
  'OANDA, a file of one\'s own': { source: oanda, vendor: oandaStandIn, silentMs: 15_000, ...STREAMED },
  // A flood is more than Reddit keeps: here it keeps more.
  'Reddit': { vendor: (standIn) => redditStandIn({ listing: 20_000, settings: { interval: '4s', listing_size: 20_000 } })(standIn), ...POLLED },
  'StockTwits': { vendor: stockTwitsServer({ cap: STOCKTWITS_CAP, settings: { interval: '1s', pages: 400, requests_per_hour: STOCKTWITS_CAP } }), ...POLLED },
  'Bitstamp by configuration': { vendor: bitstamp, silentMs: 40_000 },
  'Gemini by configuration': { vendor: gemini, silentMs: 15_000 },
  'A feed of one\'s own by configuration': { vendor: house, silentMs: 10_000, fetches: false },
  'X, the filtered stream': { vendor: (standIn) => xStandIn({ settings: { backfill_limit: 20_000 } })(standIn), silentMs: 25_000, ...STREAMED },
  // For plans without the stream.
  'X, recent search': { vendor: (standIn) => xStandIn({ hasStream: false, settings: { mode: 'search', search_interval: '5s', backfill_limit: 20_000 } })(standIn), ...POLLED },
  'Yahoo': { vendor: yahooStandIn(), silentMs: 60_000, closeCode: 1005 },
  'Yahoo, polled': { vendor: yahooStandIn({ polled: true, perMinute: 600, settings: { interval: '500ms', requests_per_minute: 600, silent_after: '10s' } }), ...POLLED, samples: true },
} satisfies Record<string, ContractOptions>;

export type ContractName = keyof typeof CONTRACTS;

/** Those whose names hold one of these texts; all, where there is none. */
export function contractNames(parts: readonly string[]): ContractName[] {
  const all = Object.keys(CONTRACTS) as ContractName[];
  const names = all.filter((name) => parts.length === 0 || parts.some((part) => name.toLowerCase().includes(part.toLowerCase())));
  if (names.length === 0) throw new Error(`no source is called ${parts.join(', ')}; there are: ${all.join('; ')}`);
  return names;
}

/** Registers the tests of these. */
export function contracts(...names: readonly ContractName[]): void {
  for (const name of names) sourceContract(name, CONTRACTS[name]);
}
