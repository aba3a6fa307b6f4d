/**
 * Jetstream, standing in: version 1 of its wire with its filter, identity events that pass the filter, and cursors in
 * microseconds: inclusive, moved without a word when they are too old, the live end when they lie ahead.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { VendorConnection } from '../kit/connection.ts';
import type { MarketPost } from '../kit/market.ts';
import type { Refusal, StandIn, Vendor } from '../kit/stand-in.ts';

export const SALT = 'secret-of-BLUESKY_SALT';
export const COLLECTION = 'app.bsky.feed.post';

export const iso = (atUs: number): string => `${new Date(Math.floor(atUs / 1000)).toISOString().slice(0, 19)}.${String(atUs % 1_000_000).padStart(6, '0')}Z`;
export const hashed = (salt: string, author: string): string => createHash('sha256').update(salt).update('\0').update(author).digest('hex').slice(0, 16);

/** Smaller cursors are sequence numbers. */
const FIRST_TIME = 1e15;
const PING_MS = 10_000;

interface Happened {
  readonly timeUs: number;
  /** Of all that happens here only posts are records. */
  readonly post: MarketPost | null;
  readonly frame: string;
}

export interface JetstreamOptions {
  /** @default 24 h */
  readonly lookbackMs?: number;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export const jetstream =
  ({ lookbackMs = 86_400_000, settings = {} }: JetstreamOptions = {}) =>
  (standIn: StandIn): Vendor => {
    const history: Happened[] = [];
    const clients = new Set<VendorConnection>();

    /** Times rise with every event. */
    function add(post: MarketPost | null, frameOf: (timeUs: number) => object): Happened {
      const timeUs = Math.max(post?.atUs ?? Math.floor(standIn.now() * 1000), (history.at(-1)?.timeUs ?? 0) + 1);
      const happened = { timeUs, post, frame: JSON.stringify(frameOf(timeUs)) };
      history.push(happened);
      return happened;
    }

    function tell(connection: VendorConnection, { post, frame }: Happened): void {
      if (post) connection.send(frame, [post]);
      else connection.control(frame);
    }

    function identity(): void {
      if (clients.size === 0) return;
      const did = 'did:plc:someone';
      const happened = add(null, (timeUs) => ({ did, time_us: timeUs, kind: 'identity', identity: { did, handle: 'someone.bsky.social', seq: timeUs, time: iso(timeUs) } }));
      for (const connection of clients) tell(connection, happened);
    }

    /** A client that takes nothing for 5 s is dropped. */
    function watch(connection: VendorConnection, before: number, still: number): void {
      standIn.after(1000, () => {
        const now = connection.buffered();
        const stuck = now > 0 && now >= before ? still + 1 : 0;
        if (stuck >= 5) connection.close(1008, 'consumer too slow');
        else watch(connection, now, stuck);
      }, connection);
    }

    return {
      kind: 'bluesky',
      symbols: ['nasdaq:AAPL', 'nyse:BRK-B', 'coinbase:BTC-USD'],
      streams: ['post'],
      numbered: [],
      timed: {},
      instrument: (symbol) => symbol,
      postId: ({ author, id }) => `${hashed(SALT, didOf(author))}/${rkeyOf(id)}`,
      settings: ({ ws }) => ({ urls: [`${ws}/subscribe`], author_salt: { env: 'BLUESKY_SALT' }, allow_plain_text: true, ...settings }),
      admit: (request) => refusalOf(request),
      connected(connection, request) {
        const asked = cursorOf(request);
        clients.add(connection);
        standIn.every(PING_MS, identity, connection);
        watch(connection, 0, 0);
        if (asked === null || asked > standIn.now() * 1000) return;
        const from = Math.max(asked, (standIn.now() - lookbackMs) * 1000);
        for (const happened of history) if (happened.timeUs >= from) tell(connection, happened);
      },
      ended: (connection) => void clients.delete(connection),
      happened(item) {
        if (item.stream !== 'post') return false;
        const happened = add(item, (timeUs) => commitOf(item, timeUs));
        for (const connection of clients) tell(connection, happened);
        return clients.size > 0;
      },
    };
  };

const didOf = (author: string): string => `did:plc:${author}`;
const rkeyOf = (id: number): string => `3k${id}`;

export function commitOf({ author, id, text, atUs }: Pick<MarketPost, 'author' | 'id' | 'text' | 'atUs'>, timeUs: number): object {
  const record = { $type: COLLECTION, createdAt: iso(atUs), langs: ['en'], text };
  return { did: didOf(author), time_us: timeUs, kind: 'commit', commit: { rev: rkeyOf(id), operation: 'create', collection: COLLECTION, rkey: rkeyOf(id), record, cid: `bafyrei${id}` } };
}

const urlOf = (request: IncomingMessage): URL => new URL(request.url ?? '/', 'http://x');

function cursorOf(request: IncomingMessage): number | null {
  const cursor = urlOf(request).searchParams.get('cursor');
  return cursor === null ? null : Number(cursor);
}

function refusalOf(request: IncomingMessage): Refusal | null {
  const { pathname, searchParams } = urlOf(request);
  if (pathname !== '/subscribe') return { status: 404 };
  const cursor = searchParams.get('cursor');
  const collections = searchParams.getAll('wantedCollections');
  if (cursor !== null && (!/^\d+$/.test(cursor) || Number(cursor) < FIRST_TIME)) return { status: 400 };
  if (collections.length > 100 || collections.some((collection) => !/^[a-z.]+(\.\*)?$/i.test(collection))) return { status: 400 };
  // Both would compress twice.
  const deflates = String(request.headers['sec-websocket-extensions']).includes('permessage-deflate');
  return deflates && searchParams.get('compress') === 'true' ? { status: 400 } : null;
}
