/**
 * Coinbase Exchange, standing in: the market data feed with its 5 s to subscribe, heartbeats, sequences and `last_match`, and
 * the REST trades that page from the newest.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { VendorConnection } from '../kit/connection.ts';
import type { MarketItem, MarketQuote, MarketTrade } from '../kit/market.ts';
import { WindowRule } from '../kit/rules.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';

type Channel = 'matches' | 'ticker' | 'heartbeat';
const CHANNELS: readonly string[] = ['matches', 'ticker', 'heartbeat', 'level2_batch', 'status'];

interface Client {
  readonly channels: Map<Channel, Set<string>>;
  readonly messages: WindowRule;
  beating: boolean;
}

export const iso = (atUs: number): string => `${new Date(Math.floor(atUs / 1000)).toISOString().slice(0, 19)}.${String(atUs % 1_000_000).padStart(6, '0')}Z`;

/** The vendor gives the side of the maker. */
export const makerSide = ({ aggressor }: MarketTrade): 'buy' | 'sell' => (aggressor === 'buy' ? 'sell' : 'buy');

export function coinbaseExchange(standIn: StandIn, symbols: readonly string[] = ['BTC-USD', 'ETH-USD', 'SOL-USD']): Vendor {
  const clients = new Map<VendorConnection, Client>();
  const connects = new WindowRule(8, 1000, standIn.now);

  const match = (type: 'match' | 'last_match', trade: MarketTrade): string =>
    JSON.stringify({ type, trade_id: trade.id, maker_order_id: 'm', taker_order_id: 't', side: makerSide(trade), size: trade.size, price: trade.price, product_id: trade.symbol, sequence: trade.id * 3, time: iso(trade.atUs) });

  const ticker = (quote: MarketQuote): string =>
    JSON.stringify({ type: 'ticker', sequence: quote.id, product_id: quote.symbol, price: quote.bid, best_bid: quote.bid, best_bid_size: quote.bidSize, best_ask: quote.ask, best_ask_size: quote.askSize, side: 'buy', time: iso(quote.atUs), trade_id: 1, last_size: '1' });

  function subscribe(connection: VendorConnection, client: Client, products: readonly string[], channels: readonly string[]): void {
    const wrong = products.find((product) => !symbols.includes(product));
    const unknown = channels.find((channel) => !CHANNELS.includes(channel));
    if (wrong !== undefined || unknown !== undefined) {
      const reason = wrong !== undefined ? `${wrong} is not a valid product` : `${unknown ?? ''} is not a valid channel`;
      connection.control(JSON.stringify({ type: 'error', message: 'Failed to subscribe', reason }));
      return;
    }
    for (const channel of channels as Channel[]) {
      const set = client.channels.get(channel) ?? new Set();
      client.channels.set(channel, set);
      for (const product of products) set.add(product);
    }
    connection.control(JSON.stringify({ type: 'subscriptions', channels: [...client.channels].map(([name, ids]) => ({ name, product_ids: [...ids] })) }));
    for (const product of products) {
      const trade = standIn.market.newest('trade', product);
      if (trade && channels.includes('matches')) connection.send(match('last_match', trade), [trade]);
      const quote = standIn.market.newest('quote', product);
      if (quote && channels.includes('ticker')) connection.send(ticker(quote), [quote]);
    }
    if (!client.beating) {
      client.beating = true;
      standIn.every(1000, () => { beat(connection, client); }, connection);
    }
  }

  function beat(connection: VendorConnection, client: Client): void {
    for (const product of client.channels.get('heartbeat') ?? []) {
      const last = standIn.market.newest('trade', product)?.id ?? 0;
      connection.control(JSON.stringify({ type: 'heartbeat', sequence: last * 3, last_trade_id: last, product_id: product, time: iso(Math.floor(standIn.now() * 1000)) }));
    }
  }

  return {
    kind: 'coinbase',
    symbols,
    streams: ['trade', 'quote'],
    numbered: ['trade'],
    timed: {},
    instrument: (symbol) => `coinbase:${symbol}`,
    settings: ({ http, ws }) => ({ api: 'exchange', url: ws, rest_url: http, allow_plain_text: true }),
    admit: (request) => (request.headers.upgrade === undefined || connects.allows() ? null : { status: 429 }),
    connected(connection) {
      clients.set(connection, { channels: new Map(), messages: new WindowRule(100, 1000, standIn.now), beating: false });
      standIn.after(5000, () => {
        if (clients.get(connection)?.channels.size === 0) connection.close(1000, '');
      }, connection);
    },
    received(connection, data) {
      const client = clients.get(connection)!;
      if (!client.messages.allows()) {
        connection.control(JSON.stringify({ type: 'error', message: 'Too many requests' }));
        connection.close(1008, 'rate limit');
        return;
      }
      const { type, product_ids: products, channels } = JSON.parse(data) as { type: string; product_ids: string[]; channels: string[] };
      if (type === 'subscribe') subscribe(connection, client, products, channels);
      else for (const channel of channels) for (const product of products) client.channels.get(channel as Channel)?.delete(product);
    },
    ended: (connection) => void clients.delete(connection),
    happened(item: MarketItem) {
      let told = false;
      for (const [connection, { channels }] of clients) {
        if (item.stream === 'post' || !channels.get(item.stream === 'trade' ? 'matches' : 'ticker')?.has(item.symbol)) continue;
        told = true;
        connection.send(item.stream === 'trade' ? match('match', item) : ticker(item), [item]);
      }
      return told;
    },
    requested: (request, response) => { tradesOf(standIn, request, response); },
  };
}

/** `GET /products/{id}/trades?limit=&after=`: trades older than `after`, the newest first; 10 requests a second. */
const rest = new WeakMap<StandIn, WindowRule>();
export function tradesOf(standIn: StandIn, request: IncomingMessage, response: ServerResponse): void {
  const rule = rest.get(standIn) ?? new WindowRule(10, 1000, standIn.now);
  rest.set(standIn, rule);
  const url = new URL(request.url ?? '/', 'http://x');
  const product = /^\/products\/([^/]+)\/trades$/.exec(url.pathname)?.[1];
  if (!rule.allows()) {
    response.writeHead(429, { 'retry-after': '1' }).end(JSON.stringify({ message: 'Public rate limit exceeded' }));
  } else if (product === undefined) {
    response.writeHead(404).end(JSON.stringify({ message: 'NotFound' }));
  } else {
    const limit = Math.min(1000, Number(url.searchParams.get('limit') ?? 1000));
    const after = Number(url.searchParams.get('after') ?? Infinity);
    const page = standIn.market.all('trade', product).filter(({ id }) => id < after).reverse().slice(0, limit);
    const body = page.map((trade) => ({ time: iso(trade.atUs), trade_id: trade.id, price: trade.price, size: trade.size, side: makerSide(trade) }));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
}
