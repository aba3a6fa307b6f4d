/** StockTwits, standing in: streams of symbols, 30 messages a page, the newest first, and a cap on requests that all of them share. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { MarketPost } from '../kit/market.ts';
import { WindowRule } from '../kit/rules.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';

const PAGE = 30;
const HOUR_MS = 3_600_000;
const WRITTEN = /^\/api\/2\/streams\/symbol\/([^/]+)\.json$/;

const SYMBOLS: Readonly<Record<string, string>> = { 'nasdaq:AAPL': 'AAPL', 'nyse:BRK-B': 'BRK.B', 'coinbase:BTC-USD': 'BTC.X' };

export interface StockTwitsServer extends Vendor {
  /** Addresses that were asked for, and when, milliseconds. */
  readonly requests: { readonly url: string; readonly at: number }[];
  /** Symbols that exist no more. */
  readonly delisted: Set<string>;
  /** Ids of messages that were deleted. */
  readonly deleted: Set<number>;
}

export interface StockTwitsOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Requests in an hour. @default 200 */
  readonly cap?: number;
  /** In place of the hour, milliseconds. */
  readonly perMs?: number;
  /** Messages of a stream that can be had; older ones cannot. @default all */
  readonly kept?: number;
}

/** A third each: Bullish, Bearish, nothing. */
const tagOf = ({ id }: MarketPost): string | null => [null, 'Bullish', 'Bearish'][id % 3]!;

/** As its author wrote it: with characters that are written otherwise on the wire. */
const textOf = ({ text }: MarketPost): string => `${text}: it's <3 & more`;

const second = (atUs: number): number => Math.floor(atUs / 1e6);

export const messageOf = (post: MarketPost): object => ({
  id: post.id,
  body: textOf(post).replaceAll('&', '&amp;').replaceAll('\'', '&#39;').replaceAll('<', '&lt;'),
  created_at: new Date(second(post.atUs) * 1000).toISOString().replace('.000', ''),
  user: { id: Number(post.author.replace(/\D/g, '')), username: post.author },
  symbols: [{ id: 1, symbol: SYMBOLS[post.symbol] }],
  entities: { sentiment: tagOf(post) === null ? null : { basic: tagOf(post) } },
});

export const stockTwitsServer =
  ({ settings = {}, cap = 200, perMs = HOUR_MS, kept = Infinity }: StockTwitsOptions = {}) =>
  (standIn: StandIn): StockTwitsServer => {
    const asked = new Set<string>();
    const rule = new WindowRule(cap, perMs, standIn.now);
    const requests: { url: string; at: number }[] = [];
    const delisted = new Set<string>();
    const deleted = new Set<number>();
    const instrumentOf = (symbol: string): string | undefined => Object.keys(SYMBOLS).find((instrument) => SYMBOLS[instrument] === symbol && !delisted.has(symbol));

    function stream(request: IncomingMessage, response: ServerResponse, instrument: string, query: URLSearchParams): void {
      asked.add(instrument);
      const since = Number(query.get('since') ?? 0);
      const max = Number(query.get('max') ?? Infinity);
      const limit = Math.min(PAGE, Number(query.get('limit') ?? PAGE));
      const all = standIn.market.all('post', instrument).slice(-kept);
      const found = all.filter(({ id }) => id > since && id <= max && !deleted.has(id)).reverse();
      const page = found.slice(0, limit);
      const body = { response: { status: 200 }, symbol: { symbol: SYMBOLS[instrument] }, cursor: { more: found.length > page.length, since: page[0]?.id ?? null, max: page.at(-1)?.id ?? null }, messages: page.map(messageOf) };
      standIn.answer(request, response, JSON.stringify(body), page, { 'content-type': 'application/json' });
    }

    return {
      kind: 'stocktwits',
      symbols: Object.keys(SYMBOLS),
      streams: ['post'],
      numbered: [],
      timed: {},
      polled: true,
      requests,
      delisted,
      deleted,
      instrument: (symbol) => symbol,
      told: (item) => (item.stream === 'post' ? { ...item, text: [textOf(item), tagOf(item) ?? []].flat().join('\n'), atUs: second(item.atUs) * 1e6 } : item),
      settings: ({ http }) => ({ url: `${http}/api/2`, instruments: Object.keys(SYMBOLS), allow_plain_text: true, ...settings }),
      requested(request, response) {
        const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
        requests.push({ url: request.url ?? '', at: standIn.now() });
        const symbol = WRITTEN.exec(pathname)?.[1];
        const instrument = symbol === undefined ? undefined : instrumentOf(decodeURIComponent(symbol));
        if (!rule.allows()) error(response, 429, 'Rate limit exceeded. Client may not make more than 200 requests an hour.');
        else if (instrument === undefined) error(response, 404, 'Symbol not found');
        else stream(request, response, instrument, searchParams);
      },
      happened: ({ symbol }) => asked.has(symbol),
    };
  };

const error = (response: ServerResponse, status: number, message: string): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ response: { status }, errors: [{ message }] }));
