/**
 * Finnhub's WebSocket, standing in: the token in the address, one symbol a message, no confirmation, pings when nothing
 * happens, a cap on symbols whose error names none, and one connection a key: a second one ends both.
 */
import type { VendorConnection } from '../kit/connection.ts';
import type { MarketItem } from '../kit/market.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';

const TOKEN = 'secret-of-FINNHUB_TOKEN';
const PING_MS = 30_000;

/** @param symbolLimit symbols of the plan @default 50 */
export function finnhubStandIn({ symbolLimit = 50 }: { readonly symbolLimit?: number } = {}): (standIn: StandIn) => Vendor {
  return (standIn) => {
    const symbols = ['AAPL', 'BINANCE:BTCUSDT', 'OANDA:EUR_USD'];
    const clients = new Map<VendorConnection, Set<string>>();
    const tradeFrame = (item: Extract<MarketItem, { stream: 'trade' }>): string =>
      JSON.stringify({ data: [{ c: null, p: Number(item.price), s: item.symbol, t: Math.floor(item.atUs / 1000), v: Number(item.size) }], type: 'trade' });

    return {
      kind: 'finnhub',
      symbols,
      streams: ['trade'],
      numbered: [],
      timed: {},
      instrument: (symbol) => `finnhub:${symbol}`,
      told: (item) => (item.stream === 'trade' ? { ...item, id: 0, aggressor: 'none', atUs: Math.floor(item.atUs / 1000) * 1000 } : item),
      settings: ({ ws }) => ({ token: { env: 'FINNHUB_TOKEN' }, url: ws, allow_plain_text: true }),
      admit: (request) => (new URL(request.url ?? '/', 'http://x').searchParams.get('token') === TOKEN ? null : { status: 401 }),
      connected(connection) {
        if (clients.size > 0) {
          for (const other of [connection, ...clients.keys()]) other.close(1000, '');
          return;
        }
        clients.set(connection, new Set());
        standIn.every(PING_MS, () => { connection.control('{"type":"ping"}'); }, connection);
      },
      received(connection, text) {
        const wanted = clients.get(connection);
        if (!wanted) return;
        const { type, symbol } = JSON.parse(text) as { type: string; symbol: string };
        if (type === 'unsubscribe') wanted.delete(symbol);
        else if (!symbols.includes(symbol)) connection.control(JSON.stringify({ msg: `Invalid symbol ${symbol}`, type: 'error' }));
        else if (wanted.size >= symbolLimit) connection.control('{"msg":"Subscribing to too many symbols","type":"error"}');
        else wanted.add(symbol);
      },
      ended: (connection) => void clients.delete(connection),
      happened(item) {
        let told = false;
        for (const [connection, wanted] of clients) {
          if (item.stream !== 'trade' || !wanted.has(item.symbol)) continue;
          told = true;
          connection.send(tradeFrame(item), [item]);
        }
        return told;
      },
    };
  };
}
