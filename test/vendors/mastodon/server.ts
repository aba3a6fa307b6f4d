/**
 * A Mastodon server, standing in: streams of server-sent events that need a token and cannot be gone on with, comments that keep
 * them alive, timelines that page by id, 300 requests in 5 minutes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { VendorConnection } from '../kit/connection.ts';
import type { MarketPost } from '../kit/market.ts';
import { WindowRule } from '../kit/rules.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';

const PER_MS = 300_000;
const MOST = 40;
const WRITTEN = /^\/api\/v1\/(streaming|timelines)\/(public|tag|hashtag)(?:\/([^/]+))?$/;

/** What posts about a symbol are tagged with. */
const TAGS: Readonly<Record<string, readonly string[]>> = { 'nasdaq:AAPL': ['stocks'], 'nyse:BRK-B': ['stocks'], 'coinbase:BTC-USD': ['crypto', 'stocks'] };

interface Status {
  readonly id: bigint;
  readonly post: MarketPost;
}

export interface MastodonOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Requests in 5 minutes. @default 300 */
  readonly cap?: number;
}

export const mastodonServer =
  ({ settings = {}, cap = 300 }: MastodonOptions = {}) =>
  (standIn: StandIn): Vendor => {
    const statuses: Status[] = [];
    const ids = new Map<MarketPost, bigint>();
    /** Null: all public posts. */
    const clients = new Map<VendorConnection, string | null>();
    const requests = new WindowRule(cap, PER_MS, standIn.now);

    /** Milliseconds above 16 bits that tell apart what happens in one. */
    function idOf(post: MarketPost): bigint {
      let id = ids.get(post);
      if (id === undefined) {
        const first = BigInt(Math.floor(post.atUs / 1000)) << 16n;
        const last = statuses.at(-1)?.id ?? 0n;
        id = first > last ? first : last + 1n;
        ids.set(post, id);
        statuses.push({ id, post });
      }
      return id;
    }

    const shows = (tag: string | null, { symbol }: MarketPost): boolean => tag === null || TAGS[symbol]!.includes(tag);

    function stream(request: IncomingMessage, response: ServerResponse, tag: string | null): void {
      if (request.headers.authorization !== 'Bearer secret-of-MASTODON_TOKEN') {
        answer(response, 401, { error: 'Missing access token' });
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      // Comments end without the blank line of events.
      const connection = standIn.stream(request, response, (frame) => (frame.startsWith(':') ? '\n' : '\n\n'));
      connection.control(':)');
      standIn.every(15_000, () => { connection.control(':thump'); }, connection);
      clients.set(connection, tag);
    }

    function timeline(response: ServerResponse, query: URLSearchParams, tag: string | null): void {
      const minId = BigInt(query.get('min_id') ?? '0');
      const limit = Math.min(MOST, Number(query.get('limit') ?? 20));
      const page = statuses.filter(({ id, post }) => id > minId && shows(tag, post)).slice(0, limit).reverse();
      answer(response, 200, page.map(statusOf));
    }

    return {
      kind: 'mastodon',
      symbols: Object.keys(TAGS),
      streams: ['post'],
      numbered: [],
      timed: {},
      instrument: (symbol) => symbol,
      postId: (post) => String(idOf(post)),
      settings: ({ http }) => ({ url: http, access_token: { env: 'MASTODON_TOKEN' }, allow_plain_text: true, ...settings }),
      ended: (connection) => void clients.delete(connection),
      happened(item) {
        if (item.stream !== 'post') return false;
        const frame = `event: update\ndata: ${JSON.stringify(statusOf({ id: idOf(item), post: item }))}`;
        const told = [...clients].filter(([, tag]) => shows(tag, item));
        for (const [connection] of told) connection.send(frame, [item]);
        return told.length > 0;
      },
      requested(request, response) {
        const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
        const [, what, which, name] = WRITTEN.exec(pathname) ?? [];
        const tag = which === 'tag' ? decodeURIComponent(name ?? '') : which === 'hashtag' ? searchParams.get('tag') : null;
        if (what === 'streaming') {
          stream(request, response, tag);
        } else if (!requests.allows()) {
          const reset = new Date(standIn.now() + PER_MS).toISOString();
          response.writeHead(429, { 'x-ratelimit-limit': String(cap), 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }).end('{"error":"Too many requests"}');
        } else if (what === 'timelines') {
          timeline(response, searchParams, tag);
        } else if (pathname === '/api/v2/instance') {
          answer(response, 200, { domain: 'vendor.test', version: '4.5.0', configuration: { urls: { streaming: standIn.address.ws } } });
        } else {
          answer(response, 404, { error: 'Record not found' });
        }
      },
    };
  };

const answer = (response: ServerResponse, status: number, body: unknown): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

export const iso = (atUs: number): string => `${new Date(Math.floor(atUs / 1000)).toISOString().slice(0, 19)}.${String(atUs % 1_000_000).padStart(6, '0')}Z`;

/** Dollars stand in HTML as they are; links and breaks do not. */
export function statusOf({ id, post }: { readonly id: bigint; readonly post: Pick<MarketPost, 'author' | 'text' | 'atUs' | 'symbol'> }): object {
  return {
    id: String(id),
    created_at: iso(post.atUs),
    in_reply_to_id: null,
    sensitive: false,
    spoiler_text: '',
    visibility: 'public',
    language: 'en',
    uri: `https://vendor.test/users/${post.author}/statuses/${id}`,
    edited_at: null,
    content: `<p>${post.text}</p>`,
    reblog: null,
    account: { id: '7', username: post.author, acct: post.author, url: `https://vendor.test/@${post.author}` },
    tags: (TAGS[post.symbol] ?? []).map((name) => ({ name, url: `https://vendor.test/tags/${name}` })),
  };
}
