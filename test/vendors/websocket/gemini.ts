/**
 * Gemini, standing in for a feed that is made by configuration: all symbols in one message, no confirmation but the book with
 * the newest 50 trades, heartbeats each 5 s, times in milliseconds.
 */
import type { VendorConnection } from '../kit/connection.ts';
import type { MarketTrade } from '../kit/market.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';
import { exampleSettings } from './example.ts';

export function gemini(standIn: StandIn): Vendor {
  const symbols = ['BTCUSD', 'ETHUSD', 'FILUSD'];
  const clients = new Map<VendorConnection, Set<string>>();
  const trade = ({ symbol, id, atUs, price, size, aggressor }: MarketTrade) => ({ type: 'trade', symbol, event_id: id, timestamp: Math.floor(atUs / 1000), price, quantity: size, side: aggressor });

  function subscribe(connection: VendorConnection, wanted: readonly string[]): void {
    const wrong = wanted.find((symbol) => !symbols.includes(symbol));
    if (wrong !== undefined) {
      connection.control(JSON.stringify({ result: 'error', reason: `invalid symbol ${wrong}` }));
      return;
    }
    for (const symbol of wanted) {
      clients.get(connection)!.add(symbol);
      const newest = standIn.market.all('trade', symbol).slice(-50).reverse();
      const book = { type: 'l2_updates', symbol, changes: [['buy', '1.00', '5'], ['sell', '99999.00', '5']], trades: newest.map(trade), auction_events: [] };
      connection.send(JSON.stringify(book), newest.slice(0, 1));
    }
  }

  return {
    kind: 'websocket',
    symbols,
    streams: ['trade'],
    numbered: [],
    timed: {},
    instrument: (symbol) => `gemini:${symbol}`,
    told: (item) => ({ ...item, atUs: Math.floor(item.atUs / 1000) * 1000 }),
    settings: ({ ws }) => exampleSettings('gemini', { url: ws }),
    connected(connection) {
      clients.set(connection, new Set());
      standIn.every(5000, () => { connection.control(JSON.stringify({ type: 'heartbeat', timestamp: Math.floor(standIn.now()) })); }, connection);
    },
    received(connection, text) {
      const { type, subscriptions } = JSON.parse(text) as { type: string; subscriptions: { name: string; symbols: string[] }[] };
      for (const { name, symbols: wanted } of subscriptions) {
        if (name !== 'l2') connection.control(JSON.stringify({ result: 'error', reason: `invalid subscription ${name}` }));
        else if (type === 'subscribe') subscribe(connection, wanted);
        else for (const symbol of wanted) clients.get(connection)!.delete(symbol);
      }
    },
    ended: (connection) => void clients.delete(connection),
    happened(item) {
      let told = false;
      for (const [connection, wanted] of clients) {
        if (item.stream !== 'trade' || !wanted.has(item.symbol)) continue;
        told = true;
        connection.send(JSON.stringify({ type: 'l2_updates', symbol: item.symbol, changes: [['buy', item.price, '0']] }), []);
        connection.send(JSON.stringify(trade(item)), [item]);
      }
      return told;
    },
  };
}
