/**
 * Lists of trades behind HTTP, the newest first, standing in for what `http-poll` asks: an ETag, a cap on requests with
 * Retry-After, and older pages by number (`before`) or by a token in the body, which goes with a key.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { MarketTrade } from '../kit/market.ts';
import { WindowRule } from '../kit/rules.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';

const iso = (atUs: number): string => `${new Date(Math.floor(atUs / 1000)).toISOString().slice(0, 19)}.${String(atUs % 1_000_000).padStart(6, '0')}Z`;

interface Answer {
  readonly body: string;
  readonly page: readonly MarketTrade[];
}

/** What both have in common. @param answer of an address; null: there is none */
function lists(standIn: StandIn, symbols: readonly string[], perMinute: number, answer: (url: URL, asked: Set<string>) => Answer | null): Pick<Vendor, 'kind' | 'symbols' | 'streams' | 'timed' | 'polled' | 'requested' | 'happened'> & { readonly notModified: () => number } {
  const asked = new Set<string>();
  const rule = new WindowRule(perMinute, 60_000, standIn.now);
  let notModified = 0;
  return {
    kind: 'http-poll',
    symbols,
    streams: ['trade'],
    timed: {},
    polled: true,
    notModified: () => notModified,
    requested(request: IncomingMessage, response: ServerResponse) {
      if (!rule.allows()) {
        response.writeHead(429, { 'retry-after': '2' }).end('{"message":"slow down"}');
        return;
      }
      const found = answer(new URL(request.url ?? '/', 'http://x'), asked);
      if (!found) {
        response.writeHead(404).end('{"message":"not found"}');
        return;
      }
      const etag = `"${createHash('sha256').update(found.body).digest('hex').slice(0, 16)}"`;
      if (request.headers['if-none-match'] === etag) {
        notModified++;
        response.writeHead(304, { etag }).end();
      } else {
        standIn.answer(request, response, found.body, found.page, { 'content-type': 'application/json', etag });
      }
    },
    happened: ({ symbol }) => asked.has(symbol),
  };
}

/** `GET /SYMBOL/trades?limit=&before=`: ids rise by one. */
export function numberedList(standIn: StandIn): Vendor & { readonly notModified: () => number } {
  const symbols = ['AAA', 'BBB'];
  return {
    ...lists(standIn, symbols, 300, (url, asked) => {
      const symbol = /^\/([A-Z]+)\/trades$/.exec(url.pathname)?.[1] ?? '';
      if (!symbols.includes(symbol)) return null;
      asked.add(symbol);
      const before = Number(url.searchParams.get('before') ?? Infinity);
      const page = standIn.market.all('trade', symbol).filter(({ id }) => id < before).reverse().slice(0, Math.min(500, Number(url.searchParams.get('limit') ?? 100)));
      return { page, body: JSON.stringify(page.map(({ id, price, size, aggressor, atUs }) => ({ id, price, size, taker: aggressor, time: iso(atUs) }))) };
    }),
    numbered: ['trade'],
    instrument: (symbol) => `list:${symbol}`,
    settings: ({ http }) => ({
      venue: 'list',
      url: `${http}/{instrument}/trades?limit=500`,
      interval: '1s',
      requests_per_minute: 300,
      page_size: 500,
      paging: { by: 'older', parameter: 'before', most: 40 },
      records: [{ kind: 'trade', price: '/price', size: '/size', side: { at: '/taker', buy: ['buy'], sell: ['sell'] }, time: { at: '/time' }, sequence: { at: '/id', numbers: 'by-one' } }],
      allow_plain_text: true,
    }),
  };
}

/** `GET /trades?symbols=A,B&key=&page=`: ids rise with jumps across symbols, times in milliseconds, a key in the address. */
export function tokenList(standIn: StandIn): Vendor & { readonly notModified: () => number } {
  const symbols = ['AAA', 'BBB', 'CCC'];
  const key = 'secret-of-LIST_KEY';
  return {
    ...lists(standIn, symbols, 240, (url, asked) => {
      const wanted = (url.searchParams.get('symbols') ?? '').split(',');
      for (const symbol of wanted) asked.add(symbol);
      const from = Number(/^p(\d+)$/.exec(url.searchParams.get('page') ?? 'p0')?.[1]);
      const all = standIn.market.items.filter((item): item is MarketTrade => item.stream === 'trade' && wanted.includes(item.symbol));
      const page = all.slice(Math.max(0, all.length - from - 400), all.length - from).reverse();
      const trades = page.map(({ symbol, id, price, size, aggressor, atUs }) => ({ s: symbol, i: id, p: Number(price), q: Number(size), m: aggressor === 'sell', t: Math.floor(atUs / 1000) }));
      return { page, body: JSON.stringify({ trades, next: from + page.length < all.length ? `p${from + page.length}` : null }) };
    }),
    admit: (request) => (new URL(request.url ?? '/', 'http://x').searchParams.get('key') === key && request.headers.authorization === 'Bearer secret-of-LIST_TOKEN' ? null : { status: 401 }),
    numbered: [],
    instrument: (symbol) => `list:${symbol}`,
    told: (item) => ({ ...item, atUs: Math.floor(item.atUs / 1000) * 1000 }),
    settings: ({ http }) => ({
      venue: 'list',
      url: `${http}/trades?symbols={instruments}&key={key.key}`,
      keys: { key: { env: 'LIST_KEY' }, token: { env: 'LIST_TOKEN' } },
      headers: { authorization: 'Bearer {key.token}' },
      interval: '500ms',
      requests_per_minute: 240,
      paging: { by: 'token', at: '/next', parameter: 'page', most: 100 },
      records: [{ kind: 'trade', each: '/trades', instrument: { at: '/s' }, price: '/p', size: '/q', side: { at: '/m', buy: [false], sell: [true] }, time: { at: '/t', unit: 'ms' }, sequence: { at: '/i', numbers: 'rising' } }],
      allow_plain_text: true,
    }),
  };
}
