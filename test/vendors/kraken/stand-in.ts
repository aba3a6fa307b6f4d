/**
 * Kraken, standing in: WebSocket v2 with an answer for each symbol, snapshots, heartbeats, the idle time and the budget of
 * connections, and the REST trades that page by time.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { VendorConnection } from '../kit/connection.ts';
import type { MarketItem, MarketQuote, MarketTrade } from '../kit/market.ts';
import { WindowRule } from '../kit/rules.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';

type Channel = 'trade' | 'ticker';

interface Params {
  readonly channel: string;
  readonly symbol: readonly string[];
  readonly snapshot?: boolean;
  readonly event_trigger?: string;
}

interface Client {
  readonly channels: Record<Channel, Set<string>>;
  /** By default a ticker comes with each trade only. */
  bbo: boolean;
  /** When something was sent or asked for. */
  busyAt: number;
  beating: boolean;
}

/** Connections from an address within 10 minutes; beyond it is banned for as long. */
const CONNECTS = 150;
const BAN_MS = 600_000;
const IDLE_MS = 60_000;
const PAGE = 1000;

const wire = (symbol: string): string => symbol.replace('-', '/');
const rfc3339 = (atUs: number): string => `${new Date(Math.floor(atUs / 1000)).toISOString().slice(0, 19)}.${String(atUs % 1_000_000).padStart(6, '0')}Z`;

export function kraken(standIn: StandIn): Vendor {
  const symbols = ['BTC-USD', 'ETH-USD', 'DOGE-EUR'];
  const clients = new Map<VendorConnection, Client>();
  const connects = new WindowRule(CONNECTS, BAN_MS, standIn.now);
  const requests = new WindowRule(1, 1000, standIn.now);
  let bannedUntil = 0;

  // Numbers, not texts, as the vendor writes them.
  const trade = ({ symbol, aggressor, price, size, id, atUs }: MarketTrade): string =>
    `{"symbol":"${wire(symbol)}","side":"${aggressor}","price":${price},"qty":${size},"ord_type":"limit","trade_id":${id},"timestamp":"${rfc3339(atUs)}"}`;
  const ticker = ({ symbol, bid, bidSize, ask, askSize, atUs }: MarketQuote): string =>
    `{"symbol":"${wire(symbol)}","bid":${bid},"bid_qty":${bidSize},"ask":${ask},"ask_qty":${askSize},"last":${bid},"volume":1.0,"vwap":1.0,"low":1.0,"high":1.0,"change":0.1,"change_pct":0.1,"timestamp":"${rfc3339(atUs)}"}`;
  const frame = (channel: Channel, type: 'snapshot' | 'update', data: readonly string[]): string => `{"channel":"${channel}","type":"${type}","data":[${data.join(',')}]}`;

  function answer(connection: VendorConnection, about: Readonly<Record<string, unknown>>): void {
    const at = rfc3339(Math.floor(standIn.now() * 1000));
    connection.control(JSON.stringify({ ...about, time_in: at, time_out: at }));
  }

  function subscribe(connection: VendorConnection, client: Client, { channel, symbol: wanted, snapshot, event_trigger: trigger }: Params): void {
    if (channel !== 'trade' && channel !== 'ticker') {
      answer(connection, { error: `Unknown channel: ${channel}`, method: 'subscribe', success: false });
      return;
    }
    if (channel === 'ticker') client.bbo = trigger === 'bbo';
    for (const name of wanted) {
      const symbol = symbols.find((one) => wire(one) === name);
      if (symbol === undefined) {
        answer(connection, { error: `Currency pair not supported ${name}`, method: 'subscribe', success: false, symbol: name });
        continue;
      }
      client.channels[channel].add(symbol);
      answer(connection, { method: 'subscribe', result: { channel, snapshot: snapshot ?? true, symbol: name }, success: true });
      if (snapshot === false) continue;
      if (channel === 'trade') {
        const newest = standIn.market.all('trade', symbol).slice(-50);
        connection.send(frame('trade', 'snapshot', newest.map(trade)), newest.slice(-1));
      } else {
        const quote = standIn.market.newest('quote', symbol);
        if (quote) connection.send(frame('ticker', 'snapshot', [ticker(quote)]), [quote]);
      }
    }
    if (client.beating) return;
    client.beating = true;
    standIn.every(1000, () => {
      if (standIn.now() - client.busyAt >= 1000) connection.control('{"channel":"heartbeat"}');
    }, connection);
  }

  return {
    kind: 'kraken',
    symbols,
    streams: ['trade', 'quote'],
    numbered: ['trade'],
    timed: {},
    instrument: (symbol) => `kraken:${symbol}`,
    settings: ({ http, ws }) => ({ url: `${ws}/v2`, rest_url: http, allow_plain_text: true }),
    admit(request) {
      if (request.headers.upgrade === undefined) return null;
      if (!connects.allows()) bannedUntil = standIn.now() + BAN_MS;
      return standIn.now() < bannedUntil ? { status: 429 } : null;
    },
    connected(connection, request) {
      const client: Client = { channels: { trade: new Set(), ticker: new Set() }, bbo: false, busyAt: standIn.now(), beating: false };
      clients.set(connection, client);
      if (request.url !== '/v2') {
        connection.close(1008, 'unknown path');
        return;
      }
      connection.control('{"channel":"status","type":"update","data":[{"api_version":"v2","connection_id":12345678901234567890,"system":"online","version":"2.0.0"}]}');
      // A connection on which nothing is asked for and nothing comes is closed.
      standIn.every(1000, () => {
        if (!client.beating && standIn.now() - client.busyAt >= IDLE_MS) connection.close(1000, '');
      }, connection);
    },
    received(connection, data) {
      const client = clients.get(connection)!;
      client.busyAt = standIn.now();
      const { method, params, req_id: id } = JSON.parse(data) as { method: string; params: Params; req_id?: number };
      if (method === 'subscribe') subscribe(connection, client, params);
      else if (method === 'unsubscribe') {
        for (const name of params.symbol) {
          client.channels[params.channel as Channel].delete(name.replace('/', '-'));
          answer(connection, { method, result: { channel: params.channel, symbol: name }, success: true });
        }
      } else if (method === 'ping') answer(connection, { method: 'pong', req_id: id });
      else answer(connection, { error: 'Unsupported method', method, success: false });
    },
    ended: (connection) => void clients.delete(connection),
    happened(item: MarketItem) {
      let told = false;
      if (item.stream === 'post') return false;
      for (const [connection, client] of clients) {
        const channel = item.stream === 'trade' ? 'trade' : 'ticker';
        if (!client.channels[channel].has(item.symbol) || (channel === 'ticker' && !client.bbo)) continue;
        told = true;
        client.busyAt = standIn.now();
        connection.send(frame(channel, 'update', [item.stream === 'trade' ? trade(item) : ticker(item)]), [item]);
      }
      return told;
    },
    requested(request, response) {
      if (requests.allows()) tradesOf(standIn, symbols, request, response);
      else reply(response, { error: ['EGeneral:Too many requests'] });
    },
  };
}

const reply = (response: ServerResponse, body: unknown): void => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

/** `GET /0/public/Trades?pair=&since=&count=`: trades after a time in nanoseconds, the oldest first. */
function tradesOf(standIn: StandIn, symbols: readonly string[], request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://x');
  const pair = url.searchParams.get('pair') ?? '';
  const symbol = symbols.find((one) => one.replace('BTC', 'XBT').replace('DOGE', 'XDG').replace('-', '') === pair);
  if (url.pathname !== '/0/public/Trades') {
    response.writeHead(404).end();
  } else if (symbol === undefined) {
    reply(response, { error: ['EQuery:Unknown asset pair'] });
  } else {
    const since = BigInt(url.searchParams.get('since') ?? '0');
    const nanos = ({ atUs }: MarketTrade): bigint => BigInt(atUs) * 1000n;
    const page = standIn.market.all('trade', symbol).filter((trade) => nanos(trade) > since).slice(0, Math.min(PAGE, Number(url.searchParams.get('count') ?? PAGE)));
    const rows = page.map(({ price, size, atUs, aggressor, id }) => `["${price}","${size}",${Math.floor(atUs / 1e6)}.${String(atUs % 1_000_000).padStart(6, '0')},"${aggressor === 'buy' ? 'b' : 's'}","l","",${id}]`);
    const last = String(page.length > 0 ? nanos(page.at(-1)!) : since);
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"error":[],"result":{"X${pair}":[${rows.join(',')}],"last":"${last}"}}`);
  }
}
