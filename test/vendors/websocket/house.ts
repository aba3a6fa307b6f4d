/**
 * A feed of a made-up house, with what Bitstamp and Gemini have not: a greeting and a log-in with a key, one connection a key,
 * pings that want the same number back, frames and trades that are numbered one by one, several records a frame.
 */
import type { VendorConnection } from '../kit/connection.ts';
import type { MarketItem } from '../kit/market.ts';
import { WindowRule } from '../kit/rules.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';

interface Client {
  readonly topics: Set<string>;
  readonly messages: WindowRule;
  known: boolean;
  frames: number;
  /** The number that is waited for; 0: none. */
  ping: number;
}

const KEY = 'secret-of-HOUSE_KEY';
const LOGIN_MS = 5000;

export function house(standIn: StandIn): Vendor {
  const symbols = ['AAA', 'BBB', 'CCC/D'];
  const clients = new Map<VendorConnection, Client>();
  const topicOf = (item: MarketItem): string => `${item.stream}s.${item.symbol}`;
  const frame = (client: Client, body: object): string => JSON.stringify({ n: ++client.frames, ...body });

  function record(item: MarketItem): readonly unknown[] {
    if (item.stream === 'trade') return [item.symbol, item.id, Number(item.price), item.size, item.aggressor === 'buy' ? 'S' : 'B', item.atUs * 1000];
    const { symbol, bid, bidSize, ask, askSize, id, atUs } = item as Extract<MarketItem, { stream: 'quote' }>;
    return [symbol, id, bid, bidSize, ask, askSize, atUs * 1000];
  }

  function ping(connection: VendorConnection, client: Client): void {
    if (client.ping === 0) client.ping = Math.floor(standIn.now());
    connection.control(frame(client, { op: 'ping', at: client.ping }));
    standIn.after(60_000, () => { if (client.ping !== 0 && client.ping < standIn.now() - 55_000) connection.close(1008, 'no pong'); }, connection);
  }

  return {
    kind: 'websocket',
    symbols,
    streams: ['trade', 'quote'],
    numbered: ['trade'],
    timed: {},
    instrument: (symbol) => `house:${symbol}`,
    settings: ({ ws }) => ({
      venue: 'house',
      url: `${ws}/feed?account={key.account}`,
      keys: { account: { env: 'HOUSE_ACCOUNT' }, key: { env: 'HOUSE_KEY' } },
      headers: { 'x-key': '{key.key}' },
      login: { greeting: { '/op': 'hello' }, send: { op: 'login', key: '{key.key}' }, accepted: { '/op': 'welcome' } },
      subscribe: [{ op: 'subscribe', topics: ['trades.{each}', 'quotes.{each}'] }],
      unsubscribe: [{ op: 'unsubscribe', topics: ['trades.{each}', 'quotes.{each}'] }],
      confirmed: { when: { '/op': 'subscribed' }, each: 'connection' },
      replies: [{ when: { '/op': 'ping' }, send: { op: 'pong', at: '{/at}' } }],
      signals: [
        { when: { '/op': 'error', '/code': [401, 404] }, then: 'refuse', message: '/message' },
        { when: { '/op': 'error', '/code': 429 }, then: 'wait', message: '/message' },
      ],
      frame_counter: '/n',
      silent_after: '10s',
      records: [
        { kind: 'trade', when: { '^/topic': 'trades' }, each: '/rows', instrument: { at: '/0' }, sequence: { at: '/1', numbers: 'by-one' }, price: '/2', size: '/3', side: { at: '/4', buy: ['B'], sell: ['S'], of: 'maker' }, time: { at: '/5', unit: 'ns' } },
        { kind: 'quote', past: 'first', when: { '^/topic': 'quotes' }, each: '/rows', instrument: { at: '/0' }, sequence: { at: '/1', numbers: 'rising' }, bid: '/2', bid_size: '/3', ask: '/4', ask_size: '/5', time: { at: '/6', unit: 'ns' } },
      ],
      allow_plain_text: true,
    }),
    admit: (request) => (request.headers['x-key'] === KEY && (request.url ?? '').endsWith('account=secret-of-HOUSE_ACCOUNT') ? null : { status: 401 }),
    connected(connection) {
      // The newcomer is refused.
      if (clients.size > 0) {
        connection.control(JSON.stringify({ n: 1, op: 'error', code: 429, message: 'another connection has this key' }));
        connection.close(1008, 'one connection a key');
        return;
      }
      const client: Client = { topics: new Set(), messages: new WindowRule(5, 1000, standIn.now), known: false, frames: 0, ping: 0 };
      clients.set(connection, client);
      connection.control(frame(client, { op: 'hello' }));
      standIn.after(LOGIN_MS, () => { if (!client.known) connection.close(1008, 'no log-in'); }, connection);
      standIn.every(4000, () => { ping(connection, client); }, connection);
    },
    received(connection, text) {
      const client = clients.get(connection);
      if (!client) return;
      const refuse = (code: number, message: string): void => { connection.control(frame(client, { op: 'error', code, message })); };
      if (!client.messages.allows()) {
        refuse(429, 'too many messages');
        return;
      }
      const { op, key, at, topics = [] } = JSON.parse(text) as { op: string; key?: string; at?: number; topics?: string[] };
      if (op === 'login') {
        client.known = key === KEY;
        if (client.known) connection.control(frame(client, { op: 'welcome' }));
        else refuse(401, 'wrong key');
      } else if (op === 'pong') {
        if (at === client.ping) client.ping = 0;
      } else if (!client.known) {
        refuse(401, 'not logged in');
      } else if (op === 'subscribe') {
        const unknown = topics.find((topic) => !symbols.includes(topic.replace(/^(trades|quotes)\./, '')));
        if (unknown !== undefined) {
          refuse(404, `no topic ${unknown}`);
          return;
        }
        for (const topic of topics) client.topics.add(topic);
        connection.control(frame(client, { op: 'subscribed' }));
        for (const symbol of symbols) {
          const quote = standIn.market.newest('quote', symbol);
          if (quote && topics.includes(topicOf(quote))) connection.send(frame(client, { topic: 'quotes', rows: [record(quote)] }), [quote]);
        }
      } else {
        for (const topic of topics) client.topics.delete(topic);
      }
    },
    ended: (connection) => void clients.delete(connection),
    happened(item) {
      let told = false;
      for (const [connection, client] of clients) {
        if (!client.topics.has(topicOf(item))) continue;
        told = true;
        connection.send(frame(client, { topic: `${item.stream}s`, rows: [record(item)] }), [item]);
      }
      return told;
    },
  };
}
