/**
 * API v2 of X, standing in: one filtered stream of lines with empty ones that keep it alive, rules that are checked as X checks them,
 * recent search that pages from new to old and finds posts a little later, windows of 15 minutes with the headers that tell their
 * end, and refusals that last longer for those who do not wait.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { VendorConnection } from '../kit/connection.ts';
import type { MarketPost } from '../kit/market.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';

const TOKEN = 'Bearer secret-of-X_TOKEN';
const WINDOW_MS = 900_000;
const DAY_MS = 86_400_000;
const ALIVE_MS = 20_000;
/** A client for whom more than this waits is cut off. */
const LONGEST_QUEUE = 32 * 1024 * 1024;
const SEARCH_PARAMETERS = new Set(['query', 'start_time', 'end_time', 'since_id', 'until_id', 'max_results', 'next_token', 'tweet.fields']);

export interface StandingRule {
  readonly id: string;
  readonly value: string;
  readonly tag?: string;
}

export interface XStandInOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Rules that stand before we come. */
  readonly standing?: readonly StandingRule[];
  readonly mostRules?: number;
  /** Streams opened in 15 minutes. @default 50 */
  readonly connects?: number;
  /** Searches in 15 minutes. @default 450 */
  readonly searches?: number;
  /** Until a rule matches. @default 0 */
  readonly rulesTakeMs?: number;
  /** Until search finds a post. @default 5 s */
  readonly indexMs?: number;
  /** Whether the plan has the stream. @default true */
  readonly hasStream?: boolean;
  /** Answers streams with these before anything else. */
  readonly refusals?: readonly number[];
}

/** One version of a post. */
interface Version {
  readonly id: bigint;
  readonly history: readonly bigint[];
  readonly post: MarketPost;
  readonly more: object;
}

export interface XStandIn {
  readonly vendor: (standIn: StandIn) => Vendor;
  readonly rules: StandingRule[];
  /** What was asked of the stream and of the rules, and what was answered. */
  readonly log: { readonly what: 'stream' | 'rules' | 'search'; readonly at: number; readonly status: number; readonly asked: string }[];
  /** Ends the stream after this line. */
  tell(line: object, end?: boolean): void;
  /** Somebody posts what is no part of the market. Returns its id. */
  say(text: string, more?: object, edits?: readonly bigint[]): bigint;
}

export function createX(options: XStandInOptions = {}): XStandIn {
  const { settings = {}, standing = [], mostRules = 1000, connects = 50, searches = 450, rulesTakeMs = 0, indexMs = 5000, hasStream = true, refusals = [] } = options;
  const rules: (StandingRule & { from?: number })[] = [...standing];
  const log: XStandIn['log'] = [];
  const versions: Version[] = [];
  const ids = new Map<number, bigint>();
  /** Posts of the market, as its ledger knows them. */
  const items = new Map<number, MarketPost>();
  const clients = new Set<VendorConnection>();
  const tokens = new Map<string, { readonly of: string; readonly before: bigint }>();
  /** Cashtags that were searched for once. */
  const searched = new Set<string>();
  const left = [...refusals];
  let serial = 1_000_000;
  let stand: StandIn;
  let bannedUntil = 0;
  let bans = 0;

  const idOfTime = (ms: number): bigint => BigInt(Math.floor(ms) - 1_288_834_974_657) << 22n;
  const timeOf = (id: bigint): number => Number(id >> 22n) + 1_288_834_974_657;
  function nextId(ms: number): bigint {
    const first = idOfTime(ms);
    const last = versions.at(-1)?.id ?? 0n;
    return first > last ? first : last + 1n;
  }
  function idOf(post: MarketPost): bigint {
    let id = ids.get(post.id);
    if (id === undefined) {
      id = nextId(post.atUs / 1000);
      ids.set(post.id, id);
      versions.push({ id, history: [id], post, more: {} });
    }
    return id;
  }

  const windows = { stream: windowOf(connects), search: windowOf(searches), rules: windowOf(25), standing: windowOf(450) };
  function windowOf(limit: number) {
    let begun = 0;
    let used = 0;
    return {
      /** Headers of the answer, and whether it is within the limit. */
      take(): { readonly allowed: boolean; readonly headers: Readonly<Record<string, string>> } {
        if (stand.now() >= begun + WINDOW_MS) {
          begun = stand.now();
          used = 0;
        }
        const allowed = used < limit;
        if (allowed) used++;
        return { allowed, headers: { 'x-rate-limit-limit': String(limit), 'x-rate-limit-remaining': String(limit - used), 'x-rate-limit-reset': String(Math.ceil((begun + WINDOW_MS) / 1000)) } };
      },
    };
  }

  function answer(response: ServerResponse, status: number, body: object, headers: Readonly<Record<string, string>> = {}): number {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(JSON.stringify(body));
    return status;
  }

  const matching = (post: Pick<MarketPost, 'text'>): StandingRule[] => rules.filter(({ value, from = 0 }) => from <= stand.now() && matches(value, post.text));

  const lineOf = (version: Version, by: readonly StandingRule[]): string => JSON.stringify({ data: dataOf(version), matching_rules: by.map(({ id, tag }) => ({ id, tag })) });

  function stream(request: IncomingMessage, response: ServerResponse): number {
    const window = windows.stream.take();
    const isEarly = stand.now() < bannedUntil;
    if (!window.allowed || isEarly) {
      // Each one makes it longer.
      bannedUntil = stand.now() + 55_000 * 2 ** Math.min(bans++, 4);
      return answer(response, 429, { title: 'Too Many Requests', detail: 'Too Many Requests', type: 'about:blank', status: 429 }, window.headers);
    }
    const refusal = left.shift();
    if (refusal !== undefined) return answer(response, refusal, { title: 'Refused', status: refusal }, window.headers);
    if (rules.length === 0) return answer(response, 409, { title: 'ConnectionException', detail: 'This stream has no rules.', connection_issue: 'RuleConfigurationIssue', type: 'https://api.x.com/2/problems/streaming-connection' });
    if (clients.size > 0) return answer(response, 429, { title: 'ConnectionException', detail: 'This stream is currently at the maximum allowed connection limit.', connection_issue: 'TooManyConnections', type: 'https://api.x.com/2/problems/streaming-connection' }, window.headers);
    bans = 0;
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', ...window.headers });
    response.flushHeaders();
    const connection = stand.stream(request, response, () => '\r\n');
    clients.add(connection);
    stand.every(ALIVE_MS, () => {
      if (connection.buffered() > LONGEST_QUEUE) connection.close(0, '');
      else connection.control('');
    }, connection);
    return 200;
  }

  async function changeRules(request: IncomingMessage, response: ServerResponse): Promise<[status: number, asked: string]> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const window = windows.rules.take();
    if (!window.allowed) return [answer(response, 429, { title: 'Too Many Requests', status: 429 }, window.headers), text];
    const { add, delete: gone } = JSON.parse(text) as { add?: { value: string; tag?: string }[]; delete?: { ids: string[] } };
    if ((add === undefined) === (gone === undefined)) return [answer(response, 400, { errors: [{ message: 'add or delete' }], title: 'Invalid Request' }), text];
    if (gone) {
      const known = gone.ids.filter((id) => rules.some((rule) => rule.id === id));
      for (const id of known) rules.splice(rules.findIndex((rule) => rule.id === id), 1);
      return [answer(response, 200, { meta: { summary: { deleted: known.length, not_deleted: gone.ids.length - known.length } } }, window.headers), text];
    }
    const errors: object[] = [];
    const made: StandingRule[] = [];
    if (rules.length + add!.length > mostRules) return [answer(response, 422, { title: 'RulesCapExceeded', detail: `Number of rules exceeds ${mostRules}`, type: 'https://api.x.com/2/problems/rule-cap' }), text];
    for (const { value, tag } of add!) {
      const twin = rules.find((rule) => rule.value === value);
      const wrong = wrongOf(value, 1024);
      if (wrong !== null) errors.push({ value, details: [wrong], title: 'UnprocessableEntity', type: 'https://api.x.com/2/problems/invalid-rules' });
      else if (twin) errors.push({ value, id: twin.id, title: 'DuplicateRule', type: 'https://api.x.com/2/problems/duplicate-rules' });
      else made.push({ id: String(++serial), value, ...(tag !== undefined && { tag }) });
    }
    rules.push(...made.map((rule) => ({ ...rule, from: stand.now() + rulesTakeMs })));
    const meta = { sent: new Date(stand.now()).toISOString(), summary: { created: made.length, not_created: errors.length, valid: made.length, invalid: errors.length } };
    return [answer(response, 201, { ...(made.length > 0 && { data: made }), ...(errors.length > 0 && { errors }), meta }, window.headers), text];
  }

  function search(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): number {
    const window = windows.search.take();
    if (!window.allowed) return answer(response, 429, { title: 'Too Many Requests', detail: 'Too Many Requests', type: 'about:blank', status: 429 }, window.headers);
    const wrong = wrongSearch(query);
    if (wrong !== null) return answer(response, 400, { errors: [{ message: wrong }], title: 'Invalid Request', detail: wrong, type: 'https://api.x.com/2/problems/invalid-request' }, window.headers);
    const value = query.get('query')!;
    for (const tag of cashtagsOf(value)) searched.add(tag);
    const token = query.get('next_token');
    // Without a since_id what is asked for ends half a minute ago.
    const end = query.has('end_time') ? Date.parse(query.get('end_time')!) : query.has('since_id') ? Infinity : stand.now() - 30_000;
    const since = query.has('since_id') ? BigInt(query.get('since_id')!) : idOfTime(Date.parse(query.get('start_time') ?? '') || stand.now() - 7 * DAY_MS) - 1n;
    const before = token === null ? null : tokens.get(token)!.before;
    const most = Number(query.get('max_results') ?? 10);
    const found: Version[] = [];
    for (let i = versions.length - 1; i >= 0 && versions[i]!.id > since && found.length <= most; i--) {
      const { id, post } = versions[i]!;
      if ((before === null || id < before) && timeOf(id) < end && timeOf(id) <= stand.now() - indexMs && matches(value, post.text)) found.push(versions[i]!);
    }
    const page = found.slice(0, most);
    const meta: Record<string, unknown> = { result_count: page.length };
    if (page.length > 0) Object.assign(meta, { newest_id: String(page[0]!.id), oldest_id: String(page.at(-1)!.id) });
    if (page.length < found.length) {
      const next = createHash('sha256').update(`${tokens.size}`).digest('hex').slice(0, 40);
      tokens.set(next, { of: requestOf(query), before: page.at(-1)!.id });
      meta['next_token'] = next;
    }
    const body = JSON.stringify({ ...(page.length > 0 && { data: page.map(dataOf) }), meta });
    stand.answer(request, response, body, page.flatMap(({ post }) => items.get(post.id) ?? []), { 'content-type': 'application/json', ...window.headers });
    return 200;
  }

  function wrongSearch(query: URLSearchParams): string | null {
    const unknown = [...query.keys()].find((name) => !SEARCH_PARAMETERS.has(name));
    if (unknown !== undefined) return `The query parameter [${unknown}] is not one of those expected`;
    const wrong = wrongOf(query.get('query') ?? '', 512);
    if (wrong !== null) return wrong;
    const most = Number(query.get('max_results') ?? 10);
    if (!(most >= 10 && most <= 100)) return '`max_results` is not between 10 and 100';
    const times = ['start_time', 'end_time'].flatMap((name) => query.get(name) ?? []);
    if (times.some((time) => !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time))) return 'a time is not of the form YYYY-MM-DDTHH:mm:ssZ';
    const [start, end] = [Date.parse(query.get('start_time') ?? ''), Date.parse(query.get('end_time') ?? '')];
    if (start < stand.now() - 7 * DAY_MS) return '\'start_time\' must be on or after 7 days ago';
    if (end > stand.now() - 10_000) return '\'end_time\' must be a minimum of 10 seconds prior to the request time';
    if (start >= end) return '\'end_time\' must be after \'start_time\'';
    const since = query.get('since_id');
    if (since !== null && !/^\d{1,19}$/.test(since)) return '\'since_id\' must be a number';
    if (since !== null && timeOf(BigInt(since)) < stand.now() - 7 * DAY_MS) return '\'since_id\' must be a tweet id created after 7 days ago';
    const token = query.get('next_token');
    if (token !== null && tokens.get(token)?.of !== requestOf(query)) return '`next_token` is not one of this request';
    return null;
  }

  const vendor = (standIn: StandIn): Vendor => {
    stand = standIn;
    return {
      kind: 'x',
      symbols: ['nasdaq:AAPL', 'nyse:T', 'coinbase:BTC-USD'],
      streams: ['post'],
      numbered: [],
      timed: {},
      polled: settings['mode'] === 'search',
      instrument: (symbol) => symbol,
      told: (item) => ({ ...item, atUs: Math.floor(item.atUs / 1000) * 1000 }),
      postId: (post) => String(idOf(post)),
      settings: ({ http }) => ({ url: http, bearer_token: { env: 'X_TOKEN' }, allow_plain_text: true, ...settings }),
      ended: (connection) => void clients.delete(connection),
      happened(item) {
        if (item.stream !== 'post') return false;
        const by = matching(item);
        const id = idOf(item);
        items.set(item.id, item);
        for (const connection of by.length > 0 ? clients : []) connection.send(lineOf({ id, history: [id], post: item, more: {} }, by), [item]);
        return settings['mode'] === 'search' ? cashtagsOf(item.text).some((tag) => searched.has(tag)) : by.length > 0 && clients.size > 0;
      },
      requested(request, response) {
        const { pathname, searchParams, search: asked } = new URL(request.url ?? '/', 'http://x');
        const note = (what: 'stream' | 'rules' | 'search', status: number, body = asked): void => void log.push({ what, at: standIn.now(), status, asked: body });
        if (request.headers.authorization !== TOKEN) {
          note(pathname.endsWith('/recent') ? 'search' : pathname.endsWith('/rules') ? 'rules' : 'stream', answer(response, 401, { title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'Unauthorized' }));
        } else if (pathname === '/2/tweets/search/recent') {
          note('search', search(request, response, searchParams));
        } else if (!hasStream) {
          note('rules', answer(response, 403, { title: 'Client Forbidden', detail: 'This request must be made using an approved developer account.', reason: 'client-not-enrolled', type: 'https://api.x.com/2/problems/client-forbidden' }));
        } else if (pathname === '/2/tweets/search/stream') {
          note('stream', stream(request, response));
        } else if (pathname === '/2/tweets/search/stream/rules' && request.method === 'POST') {
          void changeRules(request, response).then(([status, body]) => { note('rules', status, body); });
        } else if (pathname === '/2/tweets/search/stream/rules') {
          const { allowed, headers } = windows.standing.take();
          const data = rules.map(({ id, value, tag }) => ({ id, value, ...(tag !== undefined && { tag }) }));
          note('rules', allowed ? answer(response, 200, { ...(data.length > 0 && { data }), meta: { sent: new Date(standIn.now()).toISOString(), result_count: data.length } }, headers) : answer(response, 429, { title: 'Too Many Requests' }, headers));
        } else {
          answer(response, 404, { title: 'Not Found' });
        }
      },
    };
  };

  return {
    vendor,
    rules,
    log,
    tell(line, end = false) {
      for (const connection of clients) {
        connection.control(JSON.stringify(line));
        if (end) connection.close(0, '');
      }
    },
    say(text, more = {}, edits = []) {
      const id = nextId(stand.now());
      const post = { stream: 'post', symbol: '', id: 0, author: 'somebody', text, atUs: stand.now() * 1000 } as const;
      const version = { id, history: [...edits, id], post, more };
      versions.push(version);
      const by = matching(post);
      for (const connection of by.length > 0 ? clients : []) connection.control(lineOf(version, by));
      return id;
    },
  };
}

export const xStandIn = (options: XStandInOptions = {}): ((standIn: StandIn) => Vendor) => createX(options).vendor;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function dataOf({ id, history, post, more }: Version): object {
  return {
    id: String(id),
    text: escaped(post.text),
    author_id: post.author,
    created_at: new Date(Math.floor(post.atUs / 1000)).toISOString(),
    edit_history_tweet_ids: history.map(String),
    lang: 'en',
    ...more,
  };
}

const cashtagsOf = (text: string): string[] => (text.match(/(?<!\w)\$[A-Z]{1,6}(?:\.[A-Z]{1,2})?(?!\w)/gi) ?? []).map((tag) => tag.toUpperCase());

/** Any of the cashtags and quoted phrases of an expression. */
function matches(value: string, text: string): boolean {
  const tags = cashtagsOf(text);
  const phrases = [...value.matchAll(/"([^"]+)"/g)].map(([, phrase]) => phrase!.toLowerCase());
  return cashtagsOf(value).some((tag) => tags.includes(tag)) || phrases.some((phrase) => text.toLowerCase().includes(phrase));
}

/** What is wrong with an expression; null: nothing. */
function wrongOf(value: string, longest: number): string | null {
  if (value === '') return 'The query is empty';
  if (value.length > longest) return `The query is longer than ${longest} characters`;
  const depth = Array.from(value).reduce((at, character) => (at < 0 ? at : at + (character === '(' ? 1 : character === ')' ? -1 : 0)), 0);
  if (depth !== 0 || (value.match(/"/g) ?? []).length % 2 === 1) return 'Cannot parse the query';
  const operands = value.replace(/[()]/g, ' ').replace(/"[^"]*"/g, 'phrase').split(/\s+/).filter((part) => part !== '' && part !== 'OR');
  return operands.every((part) => /^-?(is|has|lang):/.test(part)) ? 'There must be at least one standalone operator' : null;
}

/** A token goes with all that was asked besides. */
const requestOf = (query: URLSearchParams): string => [...query].filter(([name]) => name !== 'next_token').map(([name, value]) => `${name}=${value}`).sort().join('&');
