/**
 * OANDA's v20 pricing stream, standing in: a token, an account, instruments that exist, two connections a second and 20 at once, the
 * price of each instrument on connecting, a heartbeat each 5 s.
 */
import type { IncomingMessage } from 'node:http';

import type { VendorConnection } from '../kit/connection.ts';
import type { MarketItem, MarketQuote } from '../kit/market.ts';
import { WindowRule } from '../kit/rules.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';

const ACCOUNT = '101-001-1234567-001';
const PATH = `/v3/accounts/${ACCOUNT}/pricing/stream`;
const HEARTBEAT_MS = 5000;
const MOST_STREAMS = 20;

export function oandaStandIn(standIn: StandIn): Vendor {
  const symbols = ['EUR_USD', 'USD_JPY', 'XAU_USD'];
  const clients = new Map<VendorConnection, Set<string>>();
  const connects = new WindowRule(2, 1000, standIn.now);
  const wantedBy = ({ url = '/' }: IncomingMessage): string[] => new URL(url, 'http://x').searchParams.get('instruments')?.split(',') ?? [];

  return {
    kind: 'oanda',
    symbols,
    streams: ['quote'],
    numbered: [],
    timed: {},
    instrument: (symbol) => `oanda:${symbol}`,
    told: (item) => (item.stream === 'quote' ? { ...item, bidSize: sizeOf(item.bidSize), askSize: sizeOf(item.askSize) } : item),
    settings: ({ http }) => ({ account: ACCOUNT, token: { env: 'OANDA_TOKEN' }, url: http, allow_plain_text: true }),
    admit(request) {
      const refusal = (status: number, errorMessage: string) => ({ status, body: JSON.stringify({ errorMessage }) });
      if (!connects.allows() || clients.size >= MOST_STREAMS) return refusal(429, 'Too many connections');
      if (request.headers.authorization !== 'Bearer secret-of-OANDA_TOKEN') return refusal(401, 'Insufficient authorization to perform request.');
      if (new URL(request.url ?? '/', 'http://x').pathname !== PATH) return refusal(404, 'The account does not exist');
      return wantedBy(request).every((symbol) => symbols.includes(symbol)) ? null : refusal(400, "Invalid value specified for 'instruments'");
    },
    requested(request, response) {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      const connection = standIn.stream(request, response, () => '\n');
      const wanted = new Set(wantedBy(request));
      for (const symbol of wanted) {
        const newest = standIn.market.newest('quote', symbol);
        if (newest) connection.control(lineOf(newest));
      }
      clients.set(connection, wanted);
      standIn.every(HEARTBEAT_MS, () => { connection.control(JSON.stringify({ type: 'HEARTBEAT', time: nanoseconds(standIn.now() * 1000) })); }, connection);
    },
    ended: (connection) => void clients.delete(connection),
    happened(item: MarketItem) {
      let told = false;
      for (const [connection, wanted] of clients) {
        if (item.stream !== 'quote' || !wanted.has(item.symbol)) continue;
        told = true;
        connection.send(lineOf(item), [item]);
      }
      return told;
    },
  };
}

/** Liquidity is a whole number of units. */
const sizeOf = (size: string): string => String(Math.round(Number(size) * 1e6));

const nanoseconds = (us: number): string => `${new Date(Math.floor(us / 1000)).toISOString().slice(0, 19)}.${String(Math.floor(us) % 1_000_000).padStart(6, '0')}123Z`;

const lineOf = ({ symbol, bid, bidSize, ask, askSize, atUs }: MarketQuote): string =>
  JSON.stringify({
    type: 'PRICE',
    time: nanoseconds(atUs),
    bids: [{ price: bid, liquidity: Number(sizeOf(bidSize)) }],
    asks: [{ price: ask, liquidity: Number(sizeOf(askSize)) }],
    closeoutBid: bid,
    closeoutAsk: ask,
    status: 'tradeable',
    tradeable: true,
    instrument: symbol,
  });
