/**
 * Reddit's API, standing in: tokens of apps that end, a User-Agent of the required form, listings of what is new that hold so many
 * things and page by fullname both ways, nothing behind a thing that is gone, and a count of requests in each answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { MarketPost } from '../kit/market.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';

const WINDOW_MS = 600_000;
const BASIC = `Basic ${Buffer.from('secret-of-REDDIT_ID:secret-of-REDDIT_SECRET').toString('base64')}`;
const AGENT = /^[\w.-]+:[\w.-]+:v?[\w.-]+ \(by \/u\/[\w-]{3,20}\)$/;

/** Where posts about a symbol are made. */
const PLACES: Readonly<Record<string, string>> = { 'nasdaq:AAPL': '/r/stocks/new', 'nyse:T': '/r/stocks/comments', 'coinbase:BTC-USD': '/r/crypto/new' };

export interface RedditOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Things of a listing. @default 1000 */
  readonly listing?: number;
  /** Requests in 10 minutes. @default 1000 */
  readonly requests?: number;
  /** Life of a token. @default 86400 */
  readonly tokenS?: number;
  readonly isPrivate?: (subreddit: string) => boolean;
}

interface Thing {
  readonly fullname: string;
  readonly path: string;
  /** Of the market; null: somebody's besides. */
  readonly item: MarketPost | null;
  readonly author: string;
  readonly createdUs: number;
  text: string;
  editedS: number | false;
  gone: 'deleted' | 'moderator' | null;
}

export interface RedditStandIn {
  readonly vendor: (standIn: StandIn) => Vendor;
  readonly log: { readonly path: string; readonly at: number; readonly status: number }[];
  /** Tokens given out. */
  readonly tokens: () => number;
  /** Ends all tokens before their time. */
  revoke(): void;
  say(path: string, text: string): string;
  edit(fullname: string, text: string): void;
  /** Deleted by its author, or removed by a moderator: out of the listing, or as a stub that stays. */
  take(fullname: string, by: 'deleted' | 'moderator', stays?: boolean): void;
  /** The fullname of the newest thing of a listing. */
  newest(path: string): string;
}

export function createReddit({ settings = {}, listing = 1000, requests = 1000, tokenS = 86_400, isPrivate = () => false }: RedditOptions = {}): RedditStandIn {
  const things = new Map<string, Thing>();
  /** Per listing, the oldest first. */
  const listings = new Map<string, Thing[]>(['/r/stocks/new', '/r/stocks/comments', '/r/crypto/new', '/r/crypto/comments'].map((path) => [path, []]));
  const names = new Map<number, string>();
  const asked = new Set<string>();
  const tokens = new Map<string, number>();
  const log: RedditStandIn['log'] = [];
  let stand: StandIn;
  let serial = 36 ** 5;
  let given = 0;
  const window = { begun: 0, used: 0 };

  function add(path: string, text: string, author: string, atUs: number, item: MarketPost | null): Thing {
    serial += 1 + (serial % 3);
    const fullname = `${path.endsWith('/comments') ? 't1' : 't3'}_${serial.toString(36)}`;
    const thing: Thing = { fullname, path, item, author, createdUs: Math.floor(atUs / 1e6) * 1e6, text, editedS: false, gone: null };
    things.set(fullname, thing);
    listings.get(path)!.push(thing);
    return thing;
  }

  /** What is told of an item is asked for first. */
  function nameOf(post: MarketPost): string {
    let name = names.get(post.id);
    if (name === undefined) {
      name = add(PLACES[post.symbol]!, post.text, post.author, post.atUs, null).fullname;
      names.set(post.id, name);
    }
    return name;
  }

  /** Headers of an answer; `allowed`: it is within the limit. */
  function count(): { readonly allowed: boolean; readonly headers: Readonly<Record<string, string>> } {
    if (stand.now() >= window.begun + WINDOW_MS) Object.assign(window, { begun: stand.now(), used: 0 });
    window.used++;
    const resetS = Math.ceil((window.begun + WINDOW_MS - stand.now()) / 1000);
    return {
      allowed: window.used <= requests,
      headers: { 'x-ratelimit-used': String(window.used), 'x-ratelimit-remaining': `${Math.max(0, requests - window.used)}.0`, 'x-ratelimit-reset': String(resetS) },
    };
  }

  function answer(response: ServerResponse, status: number, body: object, headers: Readonly<Record<string, string>> = {}): number {
    response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8', ...headers }).end(JSON.stringify(body));
    return status;
  }

  async function giveToken(request: IncomingMessage, response: ServerResponse): Promise<number> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (request.method !== 'POST' || body !== 'grant_type=client_credentials') return answer(response, 400, { error: 'unsupported_grant_type' });
    if (request.headers.authorization !== BASIC) return answer(response, 401, { message: 'Unauthorized', error: 401 });
    const token = `eyJhbGci.token-${++given}`;
    tokens.set(token, stand.now() + tokenS * 1000);
    return answer(response, 200, { access_token: token, token_type: 'bearer', expires_in: tokenS, scope: '*' });
  }

  function list(request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams): number {
    const until = tokens.get((request.headers.authorization ?? '').replace(/^bearer /i, ''));
    if (until === undefined || stand.now() >= until) return answer(response, 401, { message: 'Unauthorized', error: 401 });
    const { allowed, headers } = count();
    if (!allowed) return answer(response, 429, { message: 'Too Many Requests', error: 429 }, headers);
    const subreddit = path.split('/')[2]!;
    if (isPrivate(subreddit)) return answer(response, 403, { reason: 'private', message: 'Forbidden', error: 403 }, headers);
    const all = listings.get(path);
    if (!all) {
      response.writeHead(302, { location: `/subreddits/search?q=${subreddit}`, ...headers }).end();
      return 302;
    }
    asked.add(path);
    const limit = Math.min(100, Number(query.get('limit') ?? 25));
    const shown = all.slice(-listing).reverse();
    const page = pageOf(shown, limit, query.get('before'), query.get('after'));
    const last = page.at(-1);
    const goesOn = last !== undefined && shown.indexOf(last) < shown.length - 1;
    const body = JSON.stringify({
      kind: 'Listing',
      data: { after: goesOn ? last.fullname : null, dist: page.length, modhash: null, geo_filter: '', children: page.map((thing) => childOf(thing, query.get('raw_json') === '1')), before: null },
    });
    stand.answer(request, response, body, page.flatMap(({ item, fullname }) => item ?? items.get(fullname) ?? []), { 'content-type': 'application/json; charset=UTF-8', ...headers });
    return 200;
  }
  /** Things of the market, as its ledger knows them. */
  const items = new Map<string, MarketPost>();

  const vendor = (standIn: StandIn): Vendor => {
    stand = standIn;
    return {
      kind: 'reddit',
      symbols: Object.keys(PLACES),
      streams: ['post'],
      numbered: [],
      timed: {},
      polled: true,
      instrument: (symbol) => symbol,
      // Posts have a title of their own.
      told: (item) => (item.stream === 'post' ? { ...item, atUs: Math.floor(item.atUs / 1e6) * 1e6 } : item),
      postId: (post) => nameOf(post),
      settings: ({ http }) => ({
        url: http,
        token_url: `${http}/api/v1/access_token`,
        client_id: { env: 'REDDIT_ID' },
        client_secret: { env: 'REDDIT_SECRET' },
        username: 'somebody',
        subreddits: ['stocks', 'Crypto'],
        allow_plain_text: true,
        ...settings,
      }),
      happened(item) {
        if (item.stream !== 'post') return false;
        items.set(nameOf(item), item);
        return asked.has(PLACES[item.symbol]!);
      },
      requested(request, response) {
        const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
        const note = (status: number): void => void log.push({ path: pathname + (request.url ?? '').replace(/^[^?]*/, ''), at: standIn.now(), status });
        // Agents of libraries are kept off.
        if (!AGENT.test(request.headers['user-agent'] ?? '')) note(answer(response, 429, { message: 'Too Many Requests', error: 429 }));
        else if (pathname === '/api/v1/access_token') void giveToken(request, response).then(note);
        else note(list(request, response, pathname, searchParams));
      },
    };
  };

  return {
    vendor,
    log,
    tokens: () => given,
    revoke: () => { tokens.clear(); },
    say: (path, text) => add(path, text, 'somebody', stand.now() * 1000, null).fullname,
    edit(fullname, text) {
      Object.assign(things.get(fullname)!, { text, editedS: Math.floor(stand.now() / 1000) });
    },
    take(fullname, by, stays = false) {
      const thing = things.get(fullname)!;
      thing.gone = by;
      const all = listings.get(thing.path)!;
      if (!stays) all.splice(all.indexOf(thing), 1);
    },
    newest: (path) => listings.get(path)!.at(-1)!.fullname,
  };
}

export const redditStandIn = (options: RedditOptions = {}): ((standIn: StandIn) => Vendor) => createReddit(options).vendor;

/** @param shown the newest first */
function pageOf(shown: readonly Thing[], limit: number, before: string | null, after: string | null): readonly Thing[] {
  const at = (fullname: string): number => shown.findIndex((thing) => thing.fullname === fullname);
  if (before !== null) {
    const place = at(before);
    // Of one that is gone nothing is known, and there is no error.
    return place === -1 ? [] : shown.slice(Math.max(0, place - limit), place);
  }
  if (after === null) return shown.slice(0, limit);
  const place = at(after);
  return place === -1 ? [] : shown.slice(place + 1, place + 1 + limit);
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function childOf({ fullname, author, createdUs, text, editedS, gone }: Thing, raw: boolean): object {
  const kind = fullname.slice(0, 2);
  const [title = '', ...rest] = text.split('\n\n');
  const said = (of: string): string => (raw ? of : escaped(of));
  const body = gone === null ? said(kind === 't1' ? text : rest.join('\n\n')) : gone === 'deleted' ? '[deleted]' : '[removed]';
  const by = gone === 'deleted' ? { author: '[deleted]' } : { author, author_fullname: `t2_${author}` };
  const common = { id: fullname.slice(3), name: fullname, ...by, created_utc: createdUs / 1e6, edited: editedS, subreddit: 'stocks', score: 1, stickied: false };
  return { kind, data: kind === 't1' ? { ...common, body, link_id: 't3_x', parent_id: 't3_x' } : { ...common, title: said(title), selftext: body, is_self: true, removed_by_category: gone, over_18: false } };
}
