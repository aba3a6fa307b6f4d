/** Kraken WebSocket v2: `wss://ws.kraken.com/v2`. */
import { fail } from '#proto';

import type { Channel } from '../../connect/connection.ts';
import type { Live } from '../../live/live.ts';
import { decimal, whole } from '../../values/decimal.ts';
import { array, object, parseJson, text, type Json } from '../../values/fields.ts';
import { rfc3339 } from '../../values/time.ts';
import { takerSide, wireOf, type Rows, type Trade } from './rows.ts';

export type Subscribed = 'trade' | 'ticker';

/** Symbols of one message: the vendor answers each with a message of its own. */
const PER_MESSAGE = 100;

/** Trades come with their snapshot, which fills what an outage took; quotes at each change of the best bid or ask. */
export function krakenMessages(method: 'subscribe' | 'unsubscribe', channels: readonly Subscribed[], symbols: readonly string[]): string[] {
  const messages: string[] = [];
  for (const channel of channels) {
    for (let i = 0; i < symbols.length; i += PER_MESSAGE) {
      const symbol = symbols.slice(i, i + PER_MESSAGE).map(wireOf);
      const params = { channel, symbol, ...(method === 'subscribe' && { snapshot: true }), ...(channel === 'ticker' && { event_trigger: 'bbo' }) };
      messages.push(JSON.stringify({ method, params }));
    }
  }
  return messages;
}

export interface FeedOptions {
  readonly live: Live;
  readonly channel: Channel;
  readonly rows: Rows;
  readonly channels: readonly Subscribed[];
  /** What the connection carries when it opens. */
  readonly symbols: readonly string[];
  readonly collects: (symbol: string) => boolean;
}

/** Returns what a frame was. Frames of one connection, in their order. */
export function krakenDecoder({ live, channel, rows, channels, symbols, collects }: FeedOptions): (frame: string) => string {
  const unconfirmed = new Set(channels.flatMap((name) => symbols.map((symbol) => `${name} ${wireOf(symbol)}`)));
  const symbolOf = (wire: unknown): string | null => {
    const symbol = text(wire, 'symbol').replace('/', '-');
    return collects(symbol) ? symbol : null;
  };

  return (frame) => {
    const message = object(parseJson(frame), 'frame');
    if (message['channel'] === undefined) return answer(message);
    const name = text(message['channel'], 'channel');
    switch (name) {
      case 'trade':
        trades(message, rows, symbolOf);
        return name;
      case 'ticker':
        tickers(message, rows, symbolOf, live.out.receipt);
        return name;
      case 'status':
        for (const status of array(message['data'], 'data')) {
          const system = text(object(status, 'status')['system'], 'system');
          if (system !== 'online') live.observe({ type: 'note', message: `Kraken says that its system is ${system}` });
        }
        return name;
      case 'heartbeat':
        return name;
      default:
        return 'unknown';
    }
  };

  /** To what we asked for: one a channel and symbol. */
  function answer(message: Json): string {
    const { method, success, error, result } = message;
    if (error !== undefined || success === false) {
      refused(channel, String(error), method);
      return 'error';
    }
    if (method === 'subscribe') {
      const confirmed = object(result, 'result');
      unconfirmed.delete(`${text(confirmed['channel'], 'channel')} ${text(confirmed['symbol'], 'symbol')}`);
      if (unconfirmed.size === 0) channel.confirmed();
      return 'subscribed';
    }
    if (method === 'unsubscribe') return 'unsubscribed';
    if (method === 'pong') return 'pong';
    throw fail('MALFORMED_RECORD', 'a frame has neither a channel nor a method that is known');
  }
}

function isPast(message: Json): boolean {
  if (message['type'] !== 'snapshot' && message['type'] !== 'update') throw fail('MALFORMED_RECORD', 'a frame is neither snapshot nor update');
  return message['type'] === 'snapshot';
}

/** The snapshot holds the newest 50 trades of before. */
function trades(message: Json, rows: Rows, symbolOf: (wire: unknown) => string | null): void {
  const past = isPast(message);
  const before = new Map<string | null, Trade[]>();
  for (const entry of array(message['data'], 'data')) {
    const trade = object(entry, 'trade');
    const symbol = symbolOf(trade['symbol']);
    const one: Trade = {
      id: whole(trade['trade_id'], 'trade_id'),
      eventTime: rfc3339(trade['timestamp'], 'timestamp'),
      price: decimal(trade['price'], 'price'),
      size: decimal(trade['qty'], 'qty'),
      side: takerSide(trade['side'], 'buy', 'sell'),
    };
    if (!past) rows.trade(symbol, one);
    else before.set(symbol, [...(before.get(symbol) ?? []), one]);
  }
  for (const [symbol, list] of before) rows.pastTrades(symbol, list);
}

function tickers(message: Json, rows: Rows, symbolOf: (wire: unknown) => string | null, receipt: number): void {
  const past = isPast(message);
  for (const entry of array(message['data'], 'data')) {
    const ticker = object(entry, 'ticker');
    const { timestamp } = ticker;
    const quote = {
      bid: decimal(ticker['bid'], 'bid'),
      bidSize: decimal(ticker['bid_qty'], 'bid_qty'),
      ask: decimal(ticker['ask'], 'ask'),
      askSize: decimal(ticker['ask_qty'], 'ask_qty'),
    };
    // Older versions of the feed gave no time.
    rows.quote(symbolOf(ticker['symbol']), timestamp === undefined ? receipt : rfc3339(timestamp, 'timestamp'), quote, past);
  }
}

function refused(channel: Channel, reason: string, method: unknown): void {
  if (/rate|too many/i.test(reason)) channel.giveUp('rate-limited', reason);
  // What has been asked for already is on its way; what is not subscribed to need not be ended.
  else if (/already subscribed/i.test(reason) || method === 'unsubscribe') channel.confirmed();
  else if (/not supported|not found|invalid|unknown/i.test(reason)) channel.refuse(`Kraken: ${reason}`);
  else channel.giveUp('unconfirmed', reason);
}
