/**
 * Coinbase Advanced Trade, standing in: one channel a message, frames numbered by connection, heartbeats of the connection,
 * trades collected for 250 ms, products in USDC under USD.
 */
import type { VendorConnection } from '../kit/connection.ts';
import type { MarketItem, MarketQuote, MarketTrade } from '../kit/market.ts';
import { WindowRule } from '../kit/rules.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';
import { iso, makerSide, tradesOf } from './exchange.ts';

interface Client {
  readonly products: Map<'market_trades' | 'ticker', Set<string>>;
  heartbeats: boolean;
  subscribed: boolean;
  frames: number;
  beats: number;
  batch: MarketTrade[];
}

/** Under which name data of a product comes. */
const wire = (product: string): string => product.replace(/-USDC$/, '-USD');

export function coinbaseAdvanced(standIn: StandIn): Vendor {
  const symbols = ['BTC-USD', 'ETH-USD', 'SOL-USDC'];
  const clients = new Map<VendorConnection, Client>();
  const connects = new WindowRule(8, 1000, standIn.now);
  const messages = new WindowRule(8, 1000, standIn.now);

  /** Numbers a frame also when a fault keeps it back. */
  const frame = (client: Client, channel: string, events: readonly unknown[], atUs = Math.floor(standIn.now() * 1000)): string =>
    JSON.stringify({ channel, timestamp: iso(atUs), sequence_num: client.frames++, events });
  const trade = (item: MarketTrade) => ({ trade_id: String(item.id), product_id: wire(item.symbol), price: item.price, size: item.size, side: makerSide(item).toUpperCase(), time: iso(item.atUs) });
  const ticker = (item: MarketQuote) => ({ type: 'ticker', product_id: wire(item.symbol), price: item.bid, best_bid: item.bid, best_bid_quantity: item.bidSize, best_ask: item.ask, best_ask_quantity: item.askSize });

  function subscribe(connection: VendorConnection, client: Client, channel: string, products: readonly string[] = []): void {
    client.subscribed = true;
    if (channel === 'heartbeats') {
      if (!client.heartbeats) standIn.every(1000, () => { beat(connection, client); }, connection);
      client.heartbeats = true;
    } else if (channel === 'market_trades' || channel === 'ticker') {
      const set = client.products.get(channel) ?? new Set();
      client.products.set(channel, set);
      for (const product of products) set.add(product);
    } else {
      connection.control(JSON.stringify({ type: 'error', message: `channel ${channel} is not supported` }));
      return;
    }
    connection.control(frame(client, 'subscriptions', [{ subscriptions: Object.fromEntries([...client.products].map(([name, set]) => [name, [...set].map(wire)])) }]));
    for (const product of products) snapshot(connection, client, channel, product);
  }

  function snapshot(connection: VendorConnection, client: Client, channel: string, product: string): void {
    if (channel === 'market_trades') {
      const newest = standIn.market.all('trade', product).slice(-50).reverse();
      connection.send(frame(client, channel, [{ type: 'snapshot', trades: newest.map(trade) }]), newest.filter(({ id }) => id === newest[0]!.id));
    } else {
      const quote = standIn.market.newest('quote', product);
      if (quote) connection.send(frame(client, channel, [{ type: 'snapshot', tickers: [ticker(quote)] }], quote.atUs), [quote]);
    }
  }

  function beat(connection: VendorConnection, client: Client): void {
    connection.control(frame(client, 'heartbeats', [{ current_time: '2026-01-01 00:00:00.000000000 +0000 UTC m=+1.0', heartbeat_counter: client.beats++ }]));
  }

  function flush(connection: VendorConnection, client: Client): void {
    const batch = client.batch.splice(0);
    // Newest first, as the vendor lists them.
    if (batch.length > 0) connection.send(frame(client, 'market_trades', [{ type: 'update', trades: batch.reverse().map(trade) }]), batch);
  }

  return {
    kind: 'coinbase',
    symbols,
    streams: ['trade', 'quote'],
    numbered: ['trade'],
    timed: {},
    instrument: (symbol) => `coinbase:${symbol}`,
    settings: ({ http, ws }) => ({ api: 'advanced', url: ws, rest_url: http, allow_plain_text: true }),
    admit: (request) => (request.headers.upgrade === undefined || connects.allows() ? null : { status: 429 }),
    connected(connection) {
      const client: Client = { products: new Map(), heartbeats: false, subscribed: false, frames: 0, beats: 0, batch: [] };
      clients.set(connection, client);
      standIn.after(5000, () => { if (!client.subscribed) connection.close(1000, ''); }, connection);
      standIn.every(250, () => { flush(connection, client); }, connection);
      // Most channels close when nothing is sent for long; heartbeats keep them open.
      standIn.after(75_000, () => { if (!client.heartbeats) connection.close(1000, ''); }, connection);
    },
    received(connection, data) {
      const client = clients.get(connection)!;
      if (!messages.allows()) {
        connection.control(JSON.stringify({ type: 'error', message: 'rate limit exceeded' }));
        return;
      }
      const { type, channel, product_ids: products } = JSON.parse(data) as { type: string; channel: string; product_ids?: string[] };
      if (type === 'subscribe') subscribe(connection, client, channel, products);
      else for (const product of products ?? []) client.products.get(channel as 'ticker')?.delete(product);
    },
    ended: (connection) => void clients.delete(connection),
    happened(item: MarketItem) {
      let told = false;
      for (const [connection, client] of clients) {
        if (item.stream === 'post' || !client.products.get(item.stream === 'trade' ? 'market_trades' : 'ticker')?.has(item.symbol)) continue;
        told = true;
        if (item.stream === 'trade') client.batch.push(item);
        else connection.send(frame(client, 'ticker', [{ type: 'update', tickers: [ticker(item)] }], item.atUs), [item]);
      }
      return told;
    },
    requested: (request, response) => { tradesOf(standIn, request, response); },
  };
}
