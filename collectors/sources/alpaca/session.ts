/** One connection to Alpaca's market data stream: log-in, subscriptions, errors by their codes, and the decoding. */
import { asForetickError } from '#proto';

import type { Channel } from '../../connect/connection.ts';
import type { FeedScope, FeedSession } from '../../connect/feeds.ts';
import type { Live } from '../../live/live.ts';
import { array, object, text, type Json } from '../../values/fields.ts';
import type { AlpacaRows } from './rows.ts';
import type { AlpacaWire } from './wire.ts';

export interface AlpacaSessionOptions {
  readonly live: Live;
  readonly channel: Channel;
  readonly scope: FeedScope;
  readonly wire: AlpacaWire;
  readonly rows: AlpacaRows;
  readonly credentials: () => { readonly key: string; readonly secret: string };
  /** Lists of a subscription that are waited for. */
  readonly streams: readonly ('trades' | 'quotes' | 'bars')[];
}

/** Kinds of records that are counted and not collected: their documentation explains them. */
const OTHERS: Readonly<Record<string, string>> = { c: 'correction', x: 'cancel', u: 'updated-bar', d: 'daily-bar', s: 'status', l: 'limits', i: 'imbalance' };

export function alpacaSession({ live, channel, scope, wire, rows, credentials, streams }: AlpacaSessionOptions): FeedSession {
  function one(message: Json): string {
    const type = text(message['T'], 'T');
    switch (type) {
      case 't':
        rows.trade(text(message['S'], 'S'), message);
        return 'trade';
      case 'q':
        rows.quote(text(message['S'], 'S'), message);
        return 'quote';
      case 'b':
        rows.bar(text(message['S'], 'S'), message);
        return 'bar';
      case 'success':
        if (message['msg'] === 'connected') channel.send(wire.write({ action: 'auth', ...credentials() }));
        else if (message['msg'] === 'authenticated') scope.subscribe();
        return 'success';
      case 'subscription':
        if (streams.every((stream) => includesAll(message[stream], scope.symbols))) channel.confirmed();
        return 'subscription';
      case 'error':
        failed(channel, message);
        return 'error';
      default:
        // New types may be added at any time, and are to be ignored.
        return OTHERS[type] ?? 'unknown';
    }
  }

  return {
    deferred: true,
    frame(data) {
      const messages = array(wire.read(data), 'frame');
      let kind = 'empty';
      let broken = false;
      for (const [i, entry] of messages.entries()) {
        try {
          const is = one(object(entry, 'message'));
          if (i === 0) kind = is;
        } catch (thrown) {
          const error = asForetickError(thrown);
          if (error.code !== 'MALFORMED_RECORD') throw error;
          // The others of the frame are good; the frame is one dead letter.
          if (!broken) live.out.reject(error.code, error.message);
          broken = true;
          if (i === 0) kind = 'rejected';
        }
      }
      return kind;
    },
  };
}

function includesAll(list: unknown, symbols: readonly string[]): boolean {
  if (!Array.isArray(list)) return false;
  const set = new Set<unknown>(list);
  return set.has('*') || symbols.every((symbol) => set.has(symbol));
}

/** https://docs.alpaca.markets/docs/streaming-market-data#errors */
function failed(channel: Channel, { code, msg }: Json): void {
  const why = `Alpaca: ${String(code)} ${String(msg)}`;
  switch (code) {
    case 402:
      channel.refuse(`${why}: check key and secret`);
      break;
    case 405:
      channel.refuse(`${why}: lower symbols, or the plan wants to be a larger one`);
      break;
    case 409:
      channel.refuse(`${why}: the plan does not hold this feed`);
      break;
    case 400:
    case 410:
      channel.refuse(why);
      break;
    // Another connection has the key: another process of ours that takes turns with this one, or somebody else's.
    case 406:
      channel.giveUp('rate-limited', why);
      break;
    case 407:
      channel.giveUp('dropped', why);
      break;
    // We are authenticated: nothing is wrong with that.
    case 403:
      break;
    default:
      channel.giveUp('unconfirmed', why);
  }
}
