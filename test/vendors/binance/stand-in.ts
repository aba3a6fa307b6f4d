/**
 * Binance, standing in: combined streams by messages, pings that want their payload back, five messages a second, 1,024 streams,
 * 300 connections in 5 minutes, the end of a connection after 24 hours and `serverShutdown` before one, and the REST trades
 * that page by id.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { VendorConnection } from '../kit/connection.ts';
import type { MarketItem, MarketQuote, MarketTrade } from '../kit/market.ts';
import { WindowRule } from '../kit/rules.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';

type Trades = 'aggTrade' | 'trade';

export interface BinanceOptions {
  readonly trades: Trades;
  /** Milliseconds that a connection lives. @default 24 h */
  readonly lifeMs?: number;
  /** So long after its beginning the server goes down, half a minute after it said so. @default never */
  readonly shutdownMs?: number;
}

interface Client {
  readonly streams: Set<string>;
  readonly messages: WindowRule;
  readonly micros: boolean;
  /** Payload of the ping that waits for its pong, and since when. */
  ping: { readonly payload: string; readonly at: number } | null;
}

const DAY_MS = 86_400_000;
const PING_MS = 20_000;
const PONG_MS = 60_000;
const NOTICE_MS = 30_000;
const STREAMS = 1024;
const WEIGHT = 6000;

const wire = (symbol: string): string => symbol.replace('-', '');

export function binance({ trades, lifeMs = DAY_MS, shutdownMs }: BinanceOptions): (standIn: StandIn) => Vendor {
  return (standIn) => {
    const symbols = ['BTC-USDT', 'ETH-USDT', 'SOL-BTC'];
    const clients = new Map<VendorConnection, Client>();
    const connects = new WindowRule(300, 300_000, standIn.now);
    const archive = tradesOf(standIn, symbols, trades);
    const timeOf = (atUs: number, micros: boolean): number => (micros ? atUs : Math.floor(atUs / 1000));

    const frame = (stream: string, data: Readonly<Record<string, unknown>>): string => JSON.stringify({ stream, data });
    const trade = (item: MarketTrade, micros: boolean): Readonly<Record<string, unknown>> => {
      const time = timeOf(item.atUs, micros);
      const ids = trades === 'aggTrade' ? { a: item.id, f: item.id * 2, l: item.id * 2 + 1 } : { t: item.id };
      return { e: trades, E: time, s: wire(item.symbol), ...ids, p: item.price, q: item.size, T: time, m: item.aggressor === 'sell', M: true };
    };
    const ticker = (item: MarketQuote) => ({ u: item.id, s: wire(item.symbol), b: item.bid, B: item.bidSize, a: item.ask, A: item.askSize });

    /** False closes the connection: messages, pings and pongs count. */
    function counts(connection: VendorConnection): boolean {
      if (clients.get(connection)!.messages.allows()) return true;
      connection.close(1008, 'Too many requests');
      return false;
    }

    function watch(connection: VendorConnection, client: Client): void {
      let serial = 0;
      standIn.every(PING_MS, () => {
        if (client.ping && standIn.now() - client.ping.at >= PONG_MS) connection.close(1008, 'Pong timeout');
        client.ping ??= { payload: String(Math.floor(standIn.now()) + ++serial), at: standIn.now() };
        connection.ping(client.ping.payload);
      }, connection);
      standIn.after(lifeMs, () => { connection.close(1001, 'connection is too old'); }, connection);
      if (shutdownMs === undefined) return;
      standIn.after(shutdownMs, () => { connection.control(frame('!serverShutdown', { e: 'serverShutdown', E: Math.floor(standIn.now()) })); }, connection);
      standIn.after(shutdownMs + NOTICE_MS, () => { connection.close(1001, 'server is shutting down'); }, connection);
    }

    return {
      kind: 'binance',
      symbols,
      streams: ['trade', 'quote'],
      numbered: ['trade'],
      timed: { quote: false },
      instrument: (symbol) => `binance:${symbol}`,
      settings: ({ http, ws }) => ({
        url: ws,
        rest_url: http,
        allow_plain_text: true,
        trades: trades === 'trade' ? 'single' : 'aggregated',
        ...(trades === 'trade' && { api_key: { env: 'BINANCE_KEY' } }),
      }),
      admit: (request) => (request.headers.upgrade === undefined || connects.allows() ? null : { status: 429 }),
      connected(connection, request) {
        const url = new URL(request.url ?? '/', 'http://x');
        const micros = url.searchParams.get('timeUnit') === 'MICROSECOND';
        const client: Client = { streams: new Set(), messages: new WindowRule(5, 1000, standIn.now), micros, ping: null };
        clients.set(connection, client);
        if (url.pathname === '/stream') watch(connection, client);
        else connection.close(1008, 'only combined streams stand in');
      },
      received(connection, data) {
        if (!counts(connection)) return;
        const { streams } = clients.get(connection)!;
        const { method, params, id } = JSON.parse(data) as { method: string; params: string[]; id: number };
        if (method === 'SUBSCRIBE') for (const stream of params) streams.add(stream);
        else if (method === 'UNSUBSCRIBE') for (const stream of params) streams.delete(stream);
        else {
          connection.control(JSON.stringify({ error: { code: 2, msg: `Invalid request: unknown variant ${method}` }, id }));
          return;
        }
        if (streams.size > STREAMS) connection.close(1008, 'too many streams');
        else connection.control(JSON.stringify({ result: null, id }));
      },
      pinged: (connection) => void counts(connection),
      ponged(connection, payload) {
        const client = clients.get(connection)!;
        if (counts(connection) && payload === client.ping?.payload) client.ping = null;
      },
      ended: (connection) => void clients.delete(connection),
      happened(item: MarketItem) {
        let told = false;
        if (item.stream === 'post') return false;
        const stream = `${wire(item.symbol).toLowerCase()}@${item.stream === 'trade' ? trades : 'bookTicker'}`;
        for (const [connection, { streams, micros }] of clients) {
          if (!streams.has(stream)) continue;
          told = true;
          connection.send(frame(stream, item.stream === 'trade' ? trade(item, micros) : ticker(item)), [item]);
        }
        return told;
      },
      requested: archive,
    };
  };
}

/** `aggTrades` and `historicalTrades`: from an id on, or the newest, the oldest first. Whoever goes on after 429 is answered 418. */
function tradesOf(standIn: StandIn, symbols: readonly string[], trades: Trades): (request: IncomingMessage, response: ServerResponse) => void {
  const single = trades === 'trade';
  const requests = new WindowRule(Math.floor(WEIGHT / (single ? 25 : 4)), 60_000, standIn.now);
  let bannedUntil = 0;
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const answer = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    };
    const symbol = symbols.find((one) => wire(one) === url.searchParams.get('symbol'));
    if (standIn.now() < bannedUntil) {
      bannedUntil += 120_000;
      answer(418, { code: -1003, msg: 'Way too much request weight used; IP banned.' }, { 'retry-after': '120' });
    } else if (!requests.allows()) {
      bannedUntil = standIn.now() + 10_000;
      answer(429, { code: -1003, msg: 'Too much request weight used.' }, { 'retry-after': '10' });
    } else if (url.pathname !== `/api/v3/${single ? 'historicalTrades' : 'aggTrades'}`) {
      answer(404, {});
    } else if (single && request.headers['x-mbx-apikey'] === undefined) {
      answer(401, { code: -2014, msg: 'API-key format invalid.' });
    } else if (symbol === undefined) {
      answer(400, { code: -1121, msg: 'Invalid symbol.' });
    } else {
      const micros = request.headers['x-mbx-time-unit'] === 'MICROSECOND';
      const from = url.searchParams.get('fromId');
      const limit = Math.min(1000, Number(url.searchParams.get('limit') ?? 500));
      const all = standIn.market.all('trade', symbol);
      // Without an id the newest ones.
      const page = from === null ? all.slice(-limit) : all.filter(({ id }) => id >= Number(from)).slice(0, limit);
      answer(200, page.map(({ id, price, size, aggressor, atUs }) => {
        const [time, maker] = [micros ? atUs : Math.floor(atUs / 1000), aggressor === 'sell'];
        return single ? { id, price, qty: size, quoteQty: '1', time, isBuyerMaker: maker, isBestMatch: true } : { a: id, p: price, q: size, f: id * 2, l: id * 2 + 1, T: time, m: maker, M: true };
      }));
    }
  };
}
