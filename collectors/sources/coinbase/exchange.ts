/** Coinbase Exchange: `wss://ws-feed.exchange.coinbase.com`. */
import type { Channel } from '../../connect/connection.ts';
import type { Numbered } from '../../live/numbered.ts';
import { whole } from '../../values/decimal.ts';
import { object, parseJson, text, type Json } from '../../values/fields.ts';
import { rfc3339 } from '../../values/time.ts';
import { instrumentOf, productOf, type Rows } from './decode.ts';

/** Heartbeats, one a second a product, keep the silence of a quiet market apart from that of a dead socket. */
export function exchangeMessage(type: 'subscribe' | 'unsubscribe', products: readonly string[], { quotes, trades }: { quotes: boolean; trades: boolean }): string {
  const channels = [...(trades ? ['matches'] : []), ...(quotes ? ['ticker'] : []), 'heartbeat'];
  return JSON.stringify({ type, product_ids: products, channels });
}

export interface ExchangeOptions {
  readonly channel: Channel;
  readonly rows: Rows;
  /** To be told the ids that heartbeats name; null: trades are not collected. */
  readonly trades: Numbered | null;
  readonly collects: (product: string) => boolean;
}

export interface Decoder {
  /** Returns what a frame was. Frames of one connection, in their order. */
  readonly decode: (frame: string) => string;
  /** Unsubscribed from. */
  readonly removed: (products: readonly string[]) => void;
}

export function exchangeDecoder({ channel, rows, trades, collects }: ExchangeOptions): Decoder {
  const quoted = new Set<string>();
  const decode = (frame: string): string => {
    const message = object(parseJson(frame), 'frame');
    const type = text(message['type'], 'type');
    switch (type) {
      case 'match':
        rows.trade(productOf(message['product_id'], collects), message, false);
        return type;
      case 'last_match':
        rows.trade(productOf(message['product_id'], collects), message, true);
        return type;
      case 'ticker': {
        const product = productOf(message['product_id'], collects);
        const past = product !== null && !quoted.has(product);
        if (past) quoted.add(product);
        // A product that has never traded has no time.
        if (message['time'] === undefined) return 'ticker-empty';
        const sequence = whole(message['sequence'], 'sequence');
        rows.quote(product, { eventTime: rfc3339(message['time'], 'time'), sequence, order: sequence }, message, past);
        return type;
      }
      case 'heartbeat': {
        const product = productOf(message['product_id'], collects);
        const last = whole(message['last_trade_id'], 'last_trade_id');
        if (product !== null) trades?.expect(instrumentOf(product), last);
        return type;
      }
      case 'subscriptions':
        channel.confirmed();
        return type;
      case 'error':
        refused(channel, message);
        return type;
      // The order book: sent only to those who subscribe to it.
      case 'snapshot':
      case 'l2update':
      case 'status':
        return type;
      default:
        // New types may be added at any time, and are to be ignored.
        return 'unknown';
    }
  };
  return { decode, removed: (products) => { for (const product of products) quoted.delete(product); } };
}

function refused(channel: Channel, message: Json): void {
  const reason = `${String(message['message'])}${typeof message['reason'] === 'string' ? `: ${message['reason']}` : ''}`;
  if (/rate limit|too many|slow down/i.test(reason)) channel.giveUp('rate-limited', reason);
  else if (/not a valid product|authenti|invalid/i.test(reason)) channel.refuse(`Coinbase: ${reason}`);
  else channel.giveUp('unconfirmed', reason);
}
