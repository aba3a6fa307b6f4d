/** What each live source is measured with. A source that is added to the registry needs an entry: a test says so by its name. */
import { decode, encode } from '@msgpack/msgpack';

import { alpacaStandIn } from '../../test/vendors/alpaca/stand-in.ts';
import { binance } from '../../test/vendors/binance/stand-in.ts';
import { jetstream } from '../../test/vendors/bluesky/jetstream.ts';
import { coinbaseAdvanced } from '../../test/vendors/coinbase/advanced.ts';
import { coinbaseExchange } from '../../test/vendors/coinbase/exchange.ts';
import { finnhubStandIn } from '../../test/vendors/finnhub/stand-in.ts';
import { tokenList } from '../../test/vendors/http-poll/lists.ts';
import type { StandIn, Vendor } from '../../test/vendors/kit/stand-in.ts';
import { kraken } from '../../test/vendors/kraken/stand-in.ts';
import { mastodonServer } from '../../test/vendors/mastodon/server.ts';
import { redditStandIn } from '../../test/vendors/reddit/stand-in.ts';
import { stockTwitsServer } from '../../test/vendors/stocktwits/server.ts';
import { bitstamp } from '../../test/vendors/websocket/bitstamp.ts';
import { exampleSettings } from '../../test/vendors/websocket/example.ts';
import { xStandIn } from '../../test/vendors/x/stand-in.ts';
import { yahooStandIn } from '../../test/vendors/yahoo/stand-in.ts';

export type Data = string | Uint8Array;

/** Frames of a real feed, used in place where the recording is. */
export interface Recording {
  readonly file: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly instruments: readonly string[];
}

export interface CollectorBench {
  /** What the rows are called; the kind of the source is its vendor's, and the first word. */
  readonly name: string;
  readonly vendor: (standIn: StandIn) => Vendor;
  readonly recording?: Recording;
  /** Settings that lift the caps of the vendor's plan, for very many instruments. */
  readonly uncapped?: Readonly<Record<string, unknown>>;
  /** The bare decoder that a frame is held against. @default JSON.parse of the frame, or of the data of an event */
  readonly bare?: (data: Data) => unknown;
  /** Texts that name a symbol in a frame. @default the symbol */
  readonly wire?: (symbol: string) => readonly string[];
  /** The same frame about another symbol, where that is not done by replacing texts. */
  readonly renamed?: (data: Data, from: string, to: string) => Data;
}

export const BENCHES: readonly CollectorBench[] = [
  { name: 'alpaca, MessagePack', vendor: alpacaStandIn({ encoding: 'msgpack' }), uncapped: { symbols: 1_000_000 }, bare: (data) => decode(data as Uint8Array), renamed: (data, from, to) => encode(JSON.parse(JSON.stringify(decode(data as Uint8Array)).replaceAll(`"${from}"`, `"${to}"`))) },
  { name: 'alpaca, JSON', vendor: alpacaStandIn({ encoding: 'json' }), uncapped: { symbols: 1_000_000 } },
  {
    name: 'binance',
    vendor: binance({ trades: 'aggTrade' }),
    recording: { file: 'cryptofeed_BINANCE.ws.1.0.gz', settings: {}, instruments: ['NKN-USDT', 'BLZ-ETH', 'LRC-BTC', 'RUNE-EUR'] },
    wire: (symbol) => [symbol.replace('-', ''), symbol.replace('-', '').toLowerCase()],
  },
  { name: 'bluesky', vendor: jetstream() },
  {
    name: 'coinbase, Exchange',
    vendor: coinbaseExchange,
    recording: {
      file: 'cryptofeed_COINBASE.ws.28.0.gz',
      settings: {},
      instruments: ['SKL-USD', 'SKL-BTC', 'BAND-GBP', 'NMR-EUR', 'BAND-BTC', 'YFI-BTC', 'DASH-BTC', 'NU-GBP', 'CRV-EUR', 'SKL-GBP'],
    },
  },
  { name: 'coinbase, Advanced', vendor: coinbaseAdvanced },
  { name: 'finnhub', vendor: finnhubStandIn(), uncapped: { symbols: 1_000_000, messages_per_second: 1_000_000 } },
  { name: 'http-poll', vendor: tokenList },
  { name: 'kraken', vendor: kraken, wire: (symbol) => [symbol.replace('-', '/')] },
  { name: 'mastodon', vendor: mastodonServer() },
  { name: 'reddit', vendor: redditStandIn() },
  { name: 'stocktwits', vendor: stockTwitsServer() },
  {
    name: 'websocket, Bitstamp',
    vendor: bitstamp,
    recording: {
      file: 'cryptofeed_GEMINI.ws.1.0.gz',
      settings: exampleSettings('gemini', { symbols: {} }),
      instruments: ['BTCGBP', 'LINKETH', 'FILUSD', 'ZECLTC', 'BATBTC', 'ETHEUR', 'LTCETH', 'GRTUSD', 'ANKRUSD', 'ALCXUSD'],
    },
  },
  { name: 'x', vendor: xStandIn() },
  { name: 'yahoo', vendor: yahooStandIn(), bare: (data) => Buffer.from((JSON.parse(data as string) as { message: string }).message, 'base64') },
];

/** The kind of the source that is measured. */
export const kindOf = ({ name }: CollectorBench): string => name.split(',')[0]!;
