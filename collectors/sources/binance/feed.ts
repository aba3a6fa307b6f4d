/** Binance market streams: `wss://stream.binance.com:9443/stream`. */
import { fail } from '#proto';

import type { Channel } from '../../connect/connection.ts';
import { whole } from '../../values/decimal.ts';
import { array, object, parseJson, text, type Json } from '../../values/fields.ts';
import { wireOf, type Rows, type TradeFields } from './rows.ts';

export type Stream = 'bookTicker' | 'aggTrade' | 'trade';

export const STREAM_FIELDS: Readonly<Record<'aggTrade' | 'trade', TradeFields>> = {
  aggTrade: { id: 'a', time: 'T', price: 'p', size: 'q', buyerIsMaker: 'm' },
  trade: { id: 't', time: 'T', price: 'p', size: 'q', buyerIsMaker: 'm' },
};

/** Streams of one message. */
export const STREAMS_PER_MESSAGE = 200;

/** `btcusdt@bookTicker`: the vendor wants symbols in small letters. @param next the id of a message */
export function binanceMessages(method: 'SUBSCRIBE' | 'UNSUBSCRIBE', streams: readonly Stream[], symbols: readonly string[], next: () => number): string[] {
  const names = symbols.flatMap((symbol) => streams.map((stream) => `${wireOf(symbol).toLowerCase()}@${stream}`));
  const messages: string[] = [];
  for (let i = 0; i < names.length; i += STREAMS_PER_MESSAGE) messages.push(JSON.stringify({ method, params: names.slice(i, i + STREAMS_PER_MESSAGE), id: next() }));
  return messages;
}

export interface FeedOptions {
  readonly channel: Channel;
  readonly rows: Rows;
  /** Messages with which the connection subscribes: each is acknowledged. */
  readonly messages: number;
  /** The subscriptions stand. */
  readonly confirmed: () => void;
  /** The symbol that is collected of one on the wire, or null. */
  readonly symbolOf: (wire: string) => string | null;
}

/** Returns what a frame was. Frames of one connection, in their order. */
export function binanceDecoder({ channel, rows, messages, confirmed, symbolOf }: FeedOptions): (frame: string) => string {
  let unconfirmed = messages;
  const symbol = (data: Json): string | null => symbolOf(text(data['s'], 's'));

  function payload(data: Json, stream: string): string {
    const event = data['e'];
    switch (event) {
      case 'aggTrade':
      case 'trade':
        rows.trade(symbol(data), data, STREAM_FIELDS[event]);
        return event;
      case 'serverShutdown':
        channel.replace('serverShutdown');
        return event;
      // Sent only to those who subscribe to it.
      case 'depthUpdate':
      case 'kline':
        return event;
      default:
        if (!stream.endsWith('@bookTicker')) return 'unknown';
        rows.quote(symbol(data), data);
        return 'bookTicker';
    }
  }

  function answer(message: Json): string {
    const error = message['error'] === undefined ? message : object(message['error'], 'error');
    const { code, msg } = error;
    if (code !== undefined) {
      refused(channel, `${whole(code, 'code')}: ${text(msg, 'msg')}`);
      return 'error';
    }
    if (message['result'] !== null) array(message['result'], 'result');
    if (--unconfirmed === 0) confirmed();
    return 'result';
  }

  return (frame) => {
    const message = object(parseJson(frame), 'frame');
    if (message['stream'] !== undefined) return payload(object(message['data'], 'data'), text(message['stream'], 'stream'));
    if (message['result'] !== undefined || message['error'] !== undefined || message['code'] !== undefined) return answer(message);
    // Told to a connection, not to one of its streams.
    const event = message['event'] === undefined ? message : object(message['event'], 'event');
    if (event['e'] === 'serverShutdown') return payload(event, '');
    throw fail('MALFORMED_RECORD', 'a frame is neither of a stream nor an answer');
  };
}

function refused(channel: Channel, reason: string): void {
  if (/too many|rate/i.test(reason)) channel.giveUp('rate-limited', reason);
  else if (/invalid/i.test(reason)) channel.refuse(`Binance: ${reason}`);
  else channel.giveUp('unconfirmed', reason);
}
