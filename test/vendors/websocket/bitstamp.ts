/**
 * Bitstamp, standing in for a feed that is made by configuration: one channel a message, a confirmation for each, whole books,
 * trades numbered across pairs, and a request to connect again before it closes.
 */
import type { VendorConnection } from '../kit/connection.ts';
import type { MarketItem } from '../kit/market.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';
import { exampleSettings } from './example.ts';

const RECONNECT_MS = 60_000;

export function bitstamp(standIn: StandIn): Vendor {
  const pairs = { 'BTC-USD': 'btcusd', 'ETH-USD': 'ethusd', 'XRP-EUR': 'xrpeur' } as const;
  const symbols = Object.keys(pairs);
  const wire = (symbol: string): string => pairs[symbol as keyof typeof pairs];
  const clients = new Map<VendorConnection, Set<string>>();

  function frame(item: MarketItem): string {
    if (item.stream === 'trade') {
      const data = { id: item.id, timestamp: String(Math.floor(item.atUs / 1e6)), amount: Number(item.size), amount_str: item.size, price: Number(item.price), price_str: item.price, type: item.aggressor === 'buy' ? 0 : 1, microtimestamp: String(item.atUs), buy_order_id: 1, sell_order_id: 2 };
      return JSON.stringify({ data, channel: channelOf(item), event: 'trade' });
    }
    const quote = item as Extract<MarketItem, { stream: 'quote' }>;
    const data = { timestamp: String(Math.floor(quote.atUs / 1e6)), microtimestamp: String(quote.atUs), bids: [[quote.bid, quote.bidSize], ['1.00', '5']], asks: [[quote.ask, quote.askSize], ['99999.00', '5']] };
    return JSON.stringify({ data, channel: channelOf(quote), event: 'data' });
  }

  const channelOf = (item: MarketItem): string => `${item.stream === 'trade' ? 'live_trades' : 'order_book'}_${wire(item.symbol)}`;
  const error = (message: string): string => JSON.stringify({ event: 'bts:error', channel: '', data: { code: null, message } });

  return {
    kind: 'websocket',
    symbols,
    streams: ['trade', 'quote'],
    numbered: [],
    timed: {},
    instrument: (symbol) => `bitstamp:${symbol}`,
    settings: ({ ws }) => exampleSettings('bitstamp', { url: ws, symbols: pairs }),
    connected(connection) {
      clients.set(connection, new Set());
      standIn.after(RECONNECT_MS, () => {
        connection.control(JSON.stringify({ event: 'bts:request_reconnect', channel: '', data: '' }));
        standIn.after(5000, () => { connection.close(1000, ''); }, connection);
      }, connection);
    },
    received(connection, text) {
      const { event, data } = JSON.parse(text) as { event: string; data?: { channel: string } };
      const channels = clients.get(connection)!;
      if (event === 'bts:heartbeat') {
        connection.control(JSON.stringify({ event, channel: '', data: { status: 'success' } }));
        return;
      }
      const channel = data?.channel ?? '';
      const symbol = symbols.find((one) => channel.endsWith(`_${wire(one)}`));
      if (symbol === undefined || !/^(live_trades|order_book)_/.test(channel)) {
        connection.control(error(`Bad channel name: ${channel}.`));
      } else if (event === 'bts:subscribe') {
        channels.add(channel);
        connection.control(JSON.stringify({ event: 'bts:subscription_succeeded', channel, data: {} }));
        const quote = standIn.market.newest('quote', symbol);
        if (quote && channel.startsWith('order_book')) connection.send(frame(quote), [quote]);
      } else if (event === 'bts:unsubscribe') {
        channels.delete(channel);
        connection.control(JSON.stringify({ event: 'bts:unsubscription_succeeded', channel, data: {} }));
      } else {
        connection.control(error('Incorrect JSON format.'));
      }
    },
    ended: (connection) => void clients.delete(connection),
    happened(item) {
      let told = false;
      for (const [connection, channels] of clients) {
        if (!channels.has(channelOf(item))) continue;
        told = true;
        connection.send(frame(item), [item]);
      }
      return told;
    },
  };
}
