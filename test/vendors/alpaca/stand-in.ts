/**
 * Alpaca's market data stream, standing in: a greeting, 10 s to authenticate, one connection a key, a symbol limit, errors by
 * their codes, JSON or MessagePack by the header, times in nanoseconds; and the history of trades, which pages by token.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { EXT_TIMESTAMP, ExtensionCodec, decode, encode, encodeTimeSpecToTimestamp } from '@msgpack/msgpack';

import type { VendorConnection } from '../kit/connection.ts';
import type { MarketItem, MarketTrade } from '../kit/market.ts';
import { WindowRule } from '../kit/rules.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';

const KEY = 'secret-of-ALPACA_KEY';
const SECRET = 'secret-of-ALPACA_SECRET';
const AUTH_MS = 10_000;
const PING_MS = 54_000;
/** More that waits for a client makes it a slow one. */
const SLOW_BYTES = 8 * 1024 * 1024;

export interface AlpacaRules {
  readonly encoding: 'json' | 'msgpack';
  /** Trades and quotes one may subscribe to. @default 30 */
  readonly symbolLimit?: number;
  /** Another holder of the key was here first. */
  readonly taken?: () => boolean;
}

class Nanoseconds {
  readonly us: number;
  constructor(us: number) {
    this.us = us;
  }
  toJSON(): string {
    return `${new Date(Math.floor(this.us / 1000)).toISOString().slice(0, 19)}.${String(this.us % 1_000_000).padStart(6, '0')}123Z`;
  }
}

const codec = new ExtensionCodec();
codec.register({
  type: EXT_TIMESTAMP,
  encode: (value) => (value instanceof Nanoseconds ? encodeTimeSpecToTimestamp({ sec: Math.floor(value.us / 1e6), nsec: (value.us % 1_000_000) * 1000 + 123 }) : null),
  decode: () => null,
});

interface Client {
  readonly trades: Set<string>;
  readonly quotes: Set<string>;
  known: boolean;
}

const tradeOf = ({ id, price, size, atUs }: MarketTrade) => ({ i: id, x: 'K', p: Number(price), s: Number(size), c: ['@'], z: 'C', t: new Nanoseconds(atUs) });

export function alpacaStandIn({ encoding, symbolLimit = 30, taken = () => false }: AlpacaRules): (standIn: StandIn) => Vendor {
  return (standIn) => {
    const symbols = ['AAPL', 'AMD', 'BRK.B'];
    const clients = new Map<VendorConnection, Client>();
    const requests = new WindowRule(200, 60_000, standIn.now);
    const write = (messages: readonly unknown[]): string | Uint8Array => (encoding === 'json' ? JSON.stringify(messages) : encode(messages, { extensionCodec: codec }));
    const read = (bytes: Uint8Array): unknown => (encoding === 'json' ? JSON.parse(Buffer.from(bytes).toString('utf8')) : decode(bytes));

    function fails(connection: VendorConnection, code: number, msg: string): void {
      connection.control(write([{ T: 'error', code, msg }]));
    }

    function message(item: MarketItem): unknown {
      if (item.stream === 'trade') return { T: 't', S: item.symbol, ...tradeOf(item) };
      const { symbol, bid, bidSize, ask, askSize, atUs } = item as Extract<MarketItem, { stream: 'quote' }>;
      return { T: 'q', S: symbol, bx: 'K', bp: Number(bid), bs: Number(bidSize), ax: 'Q', ap: Number(ask), as: Number(askSize), c: ['R'], z: 'C', t: new Nanoseconds(atUs) };
    }

    function authenticate(connection: VendorConnection, client: Client, key: unknown, secret: unknown): void {
      if (client.known) {
        fails(connection, 403, 'already authenticated');
      } else if (key !== KEY || secret !== SECRET) {
        fails(connection, 402, 'auth failed');
      } else if (taken() || [...clients].some(([other, { known }]) => other !== connection && known)) {
        // The newcomer is refused, and closed a while later.
        fails(connection, 406, 'connection limit exceeded');
        standIn.after(10_000, () => { connection.close(1000, ''); }, connection);
      } else {
        client.known = true;
        connection.control(write([{ T: 'success', msg: 'authenticated' }]));
      }
    }

    function subscribe(connection: VendorConnection, client: Client, action: string, lists: Readonly<Record<string, unknown>>): void {
      const of = (name: string): string[] => (Array.isArray(lists[name]) ? (lists[name] as string[]) : []);
      if (action === 'subscribe') {
        if (new Set([...client.trades, ...of('trades')]).size > symbolLimit || new Set([...client.quotes, ...of('quotes')]).size > symbolLimit) {
          fails(connection, 405, 'symbol limit exceeded');
          return;
        }
        for (const symbol of of('trades')) client.trades.add(symbol);
        for (const symbol of of('quotes')) client.quotes.add(symbol);
      } else {
        for (const symbol of of('trades')) client.trades.delete(symbol);
        for (const symbol of of('quotes')) client.quotes.delete(symbol);
      }
      const trades = [...client.trades];
      connection.control(write([{ T: 'subscription', trades, quotes: [...client.quotes], bars: [], updatedBars: [], dailyBars: [], statuses: [], lulds: [], corrections: trades, cancelErrors: trades }]));
    }

    return {
      kind: 'alpaca',
      symbols,
      streams: ['trade', 'quote'],
      numbered: [],
      timed: {},
      instrument: (symbol) => `alpaca:${symbol}`,
      told: (item) => (item.stream === 'trade' ? { ...item, aggressor: 'none' } : item),
      settings: ({ http, ws }) => ({ key: { env: 'ALPACA_KEY' }, secret: { env: 'ALPACA_SECRET' }, encoding, url: `${ws}/v2`, rest_url: http, allow_plain_text: true }),
      admit(request) {
        if (request.headers.upgrade === undefined) return null;
        if (request.url !== '/v2/iex') return { status: 404 };
        return (request.headers['content-type'] === 'application/msgpack') === (encoding === 'msgpack') ? null : { status: 400 };
      },
      connected(connection) {
        const client: Client = { trades: new Set(), quotes: new Set(), known: false };
        clients.set(connection, client);
        connection.control(write([{ T: 'success', msg: 'connected' }]));
        standIn.after(AUTH_MS, () => {
          if (client.known) return;
          fails(connection, 404, 'auth timeout');
          connection.close(1000, '');
        }, connection);
        standIn.every(PING_MS, () => { connection.ping(); }, connection);
      },
      received(connection, _, bytes) {
        const client = clients.get(connection)!;
        let given: Readonly<Record<string, unknown>>;
        try {
          given = read(bytes) as Readonly<Record<string, unknown>>;
        } catch {
          fails(connection, 400, 'invalid syntax');
          return;
        }
        const { action, key, secret, ...lists } = given;
        if (action === 'auth') authenticate(connection, client, key, secret);
        else if (!client.known) fails(connection, 401, 'not authenticated');
        else if (action === 'subscribe' || action === 'unsubscribe') subscribe(connection, client, action, lists);
        else fails(connection, 410, 'invalid subscribe action for this feed');
      },
      ended: (connection) => void clients.delete(connection),
      happened(item) {
        let told = false;
        for (const [connection, client] of clients) {
          if (item.stream === 'post' || !client[`${item.stream}s`].has(item.symbol)) continue;
          told = true;
          if (connection.buffered() > SLOW_BYTES) {
            fails(connection, 407, 'slow client');
            connection.close(1000, '');
          } else {
            connection.send(write([message(item)]), [item]);
          }
        }
        return told;
      },
      requested: (request, response) => { history(standIn, requests, request, response); },
    };
  };
}

/** `GET /v2/stocks/trades?symbols=&start=&end=&limit=&page_token=` */
function history(standIn: StandIn, rule: WindowRule, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://x');
  if (!rule.allows()) {
    response.writeHead(429, { 'x-ratelimit-remaining': '0' }).end('{"message":"too many requests."}');
  } else if (request.headers['apca-api-key-id'] !== KEY || request.headers['apca-api-secret-key'] !== SECRET) {
    response.writeHead(403).end('{"message":"forbidden."}');
  } else if (pathname !== '/v2/stocks/trades') {
    response.writeHead(404).end('{"message":"endpoint not found."}');
  } else {
    const [start, end] = ['start', 'end'].map((name) => Date.parse(query.get(name) ?? '') * 1000) as [number, number];
    const from = Number(query.get('page_token') ?? 0);
    const limit = Math.min(10_000, Number(query.get('limit') ?? 1000));
    const all = (query.get('symbols') ?? '').split(',').flatMap((symbol) => standIn.market.all('trade', symbol)).filter(({ atUs }) => atUs >= start && atUs <= end);
    const page = all.slice(from, from + limit);
    const trades: Record<string, unknown[]> = {};
    for (const trade of page) (trades[trade.symbol] ??= []).push(tradeOf(trade));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ trades, next_page_token: from + limit < all.length ? String(from + limit) : null }));
  }
}
