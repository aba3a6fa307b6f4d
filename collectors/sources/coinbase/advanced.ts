/** Coinbase Advanced Trade: `wss://advanced-trade-ws.coinbase.com`. */
import { fail } from '#proto';

import type { Channel } from '../../connect/connection.ts';
import { FrameCounter } from '../../integrity/counter.ts';
import type { Live } from '../../live/live.ts';
import { whole } from '../../values/decimal.ts';
import { array, object, parseJson, text, type Json } from '../../values/fields.ts';
import { rfc3339 } from '../../values/time.ts';
import { productOf, type Rows } from './decode.ts';

/** One channel a message. Heartbeats are of the connection and keep all its subscriptions open. */
export function advancedMessages(type: 'subscribe' | 'unsubscribe', products: readonly string[], { quotes, trades }: { quotes: boolean; trades: boolean }): string[] {
  const channels = [...(trades ? ['market_trades'] : []), ...(quotes ? ['ticker'] : [])];
  const messages = channels.map((channel) => JSON.stringify({ type, product_ids: products, channel }));
  return type === 'subscribe' ? [JSON.stringify({ type, channel: 'heartbeats' }), ...messages] : messages;
}

export interface AdvancedOptions {
  readonly live: Live;
  readonly channel: Channel;
  readonly rows: Rows;
  readonly collects: (product: string) => boolean;
  readonly instruments: () => readonly string[];
}

/** Returns what a frame was. Frames of one connection, in their order. */
export function advancedDecoder({ live, channel, rows, collects, instruments }: AdvancedOptions): (frame: string) => string {
  const frames = new FrameCounter();
  const beats = new FrameCounter();
  let newest = live.out.receipt;

  /** Frames of this connection are missing: what was in them cannot be known; trades are found by their ids. */
  function missed(gap: { readonly first: number; readonly last: number } | null, cause: string): void {
    if (gap) {
      const { first, last } = gap;
      live.gapClosed({ stream: 'frame', instruments: [...instruments()], first, last, missed: last - first + 1, fromUs: newest, toUs: live.out.receipt, cause });
    }
  }

  return (frame) => {
    const message = object(parseJson(frame), 'frame');
    if (message['type'] === 'error') {
      const reason = String(message['message']);
      if (/rate|too many/i.test(reason)) channel.giveUp('rate-limited', reason);
      else channel.refuse(`Coinbase: ${reason}`);
      return 'error';
    }
    const name = text(message['channel'], 'channel');
    missed(frames.accept(whole(message['sequence_num'], 'sequence_num')), 'sequence');
    newest = live.out.receipt;
    const events = array(message['events'], 'events').map((event) => object(event, 'event'));
    switch (name) {
      case 'market_trades':
        for (const event of events) trades(event, rows, collects);
        return name;
      case 'ticker':
        for (const event of events) tickers(event, message, rows, collects);
        return name;
      case 'heartbeats':
        for (const event of events) missed(beats.accept(whole(event['heartbeat_counter'], 'heartbeat_counter')), 'heartbeat');
        return name;
      case 'subscriptions':
        channel.confirmed();
        return name;
      default:
        return 'unknown';
    }
  };
}

/** The snapshot holds the newest trades of before, the newest first. */
function trades(event: Json, rows: Rows, collects: (product: string) => boolean): void {
  const list = array(event['trades'], 'trades').map((trade) => object(trade, 'trade'));
  const past = event['type'] === 'snapshot';
  const byId = (trade: Json): number => whole(trade['trade_id'], 'trade_id');
  if (past) list.sort((a, b) => byId(b) - byId(a));
  else list.sort((a, b) => byId(a) - byId(b));
  // Of a stream that was not followed before, the newest is where it begins; the others are older, and no news.
  for (const trade of past ? [...list.slice(0, 1), ...list.slice(1).reverse()] : list) rows.trade(productOf(trade['product_id'], collects), trade, past);
}

function tickers(event: Json, message: Json, rows: Rows, collects: (product: string) => boolean): void {
  const eventTime = rfc3339(message['timestamp'], 'timestamp');
  if (event['type'] !== 'snapshot' && event['type'] !== 'update') throw fail('MALFORMED_RECORD', 'an event is neither snapshot nor update');
  for (const entry of array(event['tickers'], 'tickers')) {
    const ticker = object(entry, 'ticker');
    // The number of the frame begins anew with each connection, so the time of the message orders quotes.
    const at = { eventTime, sequence: whole(message['sequence_num'], 'sequence_num'), order: eventTime };
    rows.quote(productOf(ticker['product_id'], collects), at, ticker, event['type'] === 'snapshot');
  }
}
