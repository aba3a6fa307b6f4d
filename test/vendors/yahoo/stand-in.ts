/**
 * Yahoo's streamer and its HTTP, standing in: 100 symbols a connection, more left out without a word; what is known on subscribing,
 * however old; a close without a code for what it cannot read; quotes for who has a cookie and the crumb that goes with it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { VendorConnection } from '../kit/connection.ts';
import type { MarketItem, MarketTrade } from '../kit/market.ts';
import { WindowRule } from '../kit/rules.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';
import { encodePricing } from '../../../collectors/testing/yahoo-pricing.ts';

const NO_CODE = 1005;
const HEARTBEAT_MS = 30_000;

export interface YahooStandIn extends Vendor {
  /** Crumbs given out. */
  readonly crumbs: string[];
  /** Crumbs given out so far are taken no more. */
  revoke(): void;
  /** Symbols that each connection got, of those it asked for. */
  readonly subscribed: ReadonlyMap<VendorConnection, ReadonlySet<string>>;
  /** What it was sent. */
  readonly messages: string[];
  readonly requests: string[];
}

export interface YahooStandInOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  /** @default AAPL, BTC-USD, ^GSPC */
  readonly symbols?: readonly string[];
  /** It is asked for quotes: what an answer showed behind the first one about a symbol is due, at whole seconds. @default false */
  readonly polled?: boolean;
  /** @default 100 */
  readonly cap?: number;
  /** Requests in a minute. @default 120 */
  readonly perMinute?: number;
}

/** The price of an item: no two of one symbol are the same, as their times and prices are all that tells them apart. */
const priceOf = ({ id }: MarketTrade): number => Number((100 + (id % 8_000_000) / 10_000).toFixed(4));

/** Milliseconds. */
const timeOf = ({ atUs }: MarketItem): number => Math.floor(atUs / 1000);

export const yahooStandIn =
  ({ settings = {}, symbols = ['AAPL', 'BTC-USD', '^GSPC'], polled = false, cap = 100, perMinute = 120 }: YahooStandInOptions = {}) =>
  (standIn: StandIn): YahooStandIn => {
    const unitMs = polled ? 1000 : 1;
    /** By symbol, what the first answer about it showed. */
    const first = new Map<string, MarketTrade>();
    const subscribed = new Map<VendorConnection, Set<string>>();
    const versions = new Map<VendorConnection, string | null>();
    const messages: string[] = [];
    const requests: string[] = [];
    const crumbs: string[] = [];
    /** By crumb, the cookie that it goes with. */
    const cookies = new Map<string, string>();
    let visits = 0;
    const rule = new WindowRule(perMinute, 60_000, standIn.now);

    function frameOf(connection: VendorConnection, item: MarketTrade): string {
      const message = encodePricing({ id: item.symbol, price: priceOf(item), time: timeOf(item), exchange: 'NMS', quoteType: 8, marketHours: 1, changePercent: 0.5, dayVolume: item.id * 100, change: 1.25, priceHint: 2 });
      return wrapped(connection, message);
    }
    const wrapped = (connection: VendorConnection, message: string): string => (versions.get(connection) === '2' ? JSON.stringify({ type: 'pricing', message }) : message);

    function received(connection: VendorConnection, text: string): void {
      messages.push(text);
      const wanted = subscribed.get(connection)!;
      const asked = read(text);
      if (asked === null) {
        connection.close(NO_CODE, '');
        return;
      }
      for (const symbol of asked.unsubscribe) wanted.delete(symbol);
      for (const symbol of asked.subscribe) {
        if (wanted.size < cap) wanted.add(symbol);
        if (!wanted.has(symbol)) continue;
        const newest = standIn.market.newest('trade', symbol);
        if (newest) connection.control(frameOf(connection, newest));
      }
    }

    function crumbFor(cookie: string): string {
      const crumb = `crumb/${crumbs.length}`;
      crumbs.push(crumb);
      cookies.set(crumb, cookie);
      return crumb;
    }

    function show(item: MarketTrade): void {
      const begun = first.get(item.symbol);
      if (begun === undefined) first.set(item.symbol, item);
      else if (begun !== item) standIn.ledger.of(item).due = true;
    }

    function quotes(request: IncomingMessage, response: ServerResponse, url: URL, cookie: string): void {
      if (cookie === '' || cookies.get(url.searchParams.get('crumb') ?? '') !== cookie) {
        response.writeHead(401, { 'content-type': 'application/json' }).end('{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}');
        return;
      }
      const shown = (url.searchParams.get('symbols') ?? '').split(',').flatMap((symbol) => standIn.market.newest('trade', symbol) ?? []);
      const result = shown.map((item) => ({ symbol: item.symbol, quoteType: 'EQUITY', marketState: 'REGULAR', regularMarketPrice: priceOf(item), regularMarketTime: Math.floor(item.atUs / 1e6), regularMarketVolume: item.id * 100, postMarketPrice: 1, postMarketTime: 1_600_000_000 }));
      const isTold = standIn.answer(request, response, JSON.stringify({ quoteResponse: { result, error: null } }), shown, JSON_TYPE);
      if (polled && isTold) shown.forEach(show);
    }

    function chart(response: ServerResponse, url: URL, symbol: string): void {
      if (!symbols.includes(symbol)) {
        response.writeHead(404).end('{"chart":{"result":null,"error":{"code":"Not Found"}}}');
        return;
      }
      const [from, to] = ['period1', 'period2'].map((name) => Number(url.searchParams.get(name))) as [number, number];
      const minutes = new Map<number, MarketTrade[]>();
      for (const item of standIn.market.all('trade', symbol)) {
        const minute = Math.floor(item.atUs / 60e6) * 60;
        if (minute >= from && minute < to) minutes.set(minute, [...(minutes.get(minute) ?? []), item]);
      }
      const rows = [...minutes].map(([minute, items]) => ({ minute, prices: items.map(priceOf) }));
      const column = (of: (prices: number[]) => number): number[] => rows.map(({ prices }) => Math.fround(of(prices)));
      const quote = { open: column((prices) => prices[0]!), high: column((prices) => Math.max(...prices)), low: column((prices) => Math.min(...prices)), close: column((prices) => prices.at(-1)!), volume: rows.map(({ prices }) => prices.length) };
      json(response, { chart: { result: [{ meta: { symbol, dataGranularity: '1m' }, timestamp: rows.map(({ minute }) => minute), indicators: { quote: [quote] } }], error: null } });
    }

    return {
      kind: 'yahoo',
      symbols,
      streams: ['trade'],
      numbered: [],
      polled,
      timed: {},
      crumbs,
      revoke: () => { cookies.clear(); },
      subscribed,
      messages,
      requests,
      instrument: (symbol) => `yahoo:${symbol}`,
      told: (item) => (item.stream === 'trade' ? { ...item, id: 0, price: String(priceOf(item)), size: '0', aggressor: 'none', atUs: Math.floor(timeOf(item) / unitMs) * unitMs * 1000 } : item),
      settings: ({ http, ws }) => ({ url: `${ws}/?version=2`, rest_url: http, cookie_url: `${http}/cookie`, allow_plain_text: true, ...(polled && { mode: 'poll', interval: '2s' }), ...settings }),
      connected(connection, request) {
        subscribed.set(connection, new Set());
        versions.set(connection, new URL(request.url ?? '/', 'http://x').searchParams.get('version'));
        standIn.every(HEARTBEAT_MS, () => { connection.control(wrapped(connection, encodePricing({ time: Math.floor(standIn.now()), quoteType: 7 }))); }, connection);
      },
      received,
      ended(connection) {
        subscribed.delete(connection);
        versions.delete(connection);
      },
      requested(request: IncomingMessage, response: ServerResponse) {
        const url = new URL(request.url ?? '/', 'http://x');
        requests.push(url.pathname);
        const { cookie = '' } = request.headers;
        if (!rule.allows()) response.writeHead(429, { 'retry-after': '5' }).end('Too Many Requests');
        else if (url.pathname === '/cookie') response.writeHead(404, { 'set-cookie': [`A3=cookie-${++visits}; Expires=Thu, 01 Jan 2099 00:00:00 GMT; Path=/; HttpOnly`] }).end('<html></html>');
        else if (url.pathname === '/v1/test/getcrumb') {
          if (!cookie.startsWith('A3=')) response.writeHead(401).end('{"finance":{"error":{"code":"Unauthorized"}}}');
          else response.end(crumbFor(cookie));
        } else if (url.pathname === '/v7/finance/quote') quotes(request, response, url, cookie);
        else if (url.pathname.startsWith('/v8/finance/chart/')) chart(response, url, decodeURIComponent(url.pathname.slice('/v8/finance/chart/'.length)));
        else response.writeHead(404).end();
      },
      happened(item) {
        let told = false;
        for (const [connection, wanted] of subscribed) {
          if (item.stream !== 'trade' || !wanted.has(item.symbol)) continue;
          told = true;
          connection.send(frameOf(connection, item), [item]);
        }
        return told;
      },
    };
  };

const JSON_TYPE = { 'content-type': 'application/json' };
const json = (response: ServerResponse, body: unknown): void => void response.writeHead(200, JSON_TYPE).end(JSON.stringify(body));

/** Null: it cannot be read, or says what is not known. */
function read(text: string): { readonly subscribe: readonly string[]; readonly unsubscribe: readonly string[] } | null {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return null;
  const { subscribe = [], unsubscribe = [], ...others } = message as Record<string, unknown>;
  const isList = (value: unknown): value is string[] => Array.isArray(value) && value.every((symbol) => typeof symbol === 'string');
  return isList(subscribe) && isList(unsubscribe) && Object.keys(others).length === 0 ? { subscribe, unsubscribe } : null;
}
