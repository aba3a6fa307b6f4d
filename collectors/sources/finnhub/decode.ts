/** Finnhub's frames: lists of trades without ids, pings, errors. */
import { TickSide, fail } from '#proto';

import type { Channel } from '../../connect/connection.ts';
import { RecentTexts } from '../../integrity/repeats.ts';
import { takeEach } from '../../live/entries.ts';
import type { Live } from '../../live/live.ts';
import { decimal, decimalOr } from '../../values/decimal.ts';
import { array, object, parseJson, text, type Json } from '../../values/fields.ts';
import { timeOf } from '../../values/time.ts';

export const instrumentOf = (symbol: string): string => `finnhub:${symbol}`;

export interface FinnhubOptions {
  readonly live: Live;
  /** What was published, over all connections. */
  readonly recent: RecentTexts;
  readonly collects: (symbol: string) => boolean;
  /** Prices without a trade (size 0) are published as trades of size 0. */
  readonly priceUpdates: boolean;
}

export const recentTrades = (): RecentTexts => new RecentTexts(65_536);

/** Returns what a frame was. */
export function finnhubDecoder({ live, recent, collects, priceUpdates }: FinnhubOptions): (channel: Channel, frame: string) => string {
  const { out } = live;

  /** @param seen how often each content came in this frame: equal trades of one frame are several, of two frames one. Null: it holds this one alone */
  function trade(entry: Json, seen: Map<string, number> | null): void {
    const symbol = text(entry['s'], 's');
    const price = decimal(entry['p'], 'p');
    const size = decimalOr(entry['v'], 0, 'v');
    const eventTime = timeOf(entry['t'], 'ms', 't');
    const content = `${symbol} ${eventTime} ${price} ${size} ${JSON.stringify(entry['c'] ?? null)}`;
    const times = (seen?.get(content) ?? 0) + 1;
    seen?.set(content, times);
    if (!collects(symbol)) out.skip('not-collected');
    else if (size === 0 && !priceUpdates) out.skip('price-update');
    else if (!recent.accept(`${content} ${times}`)) out.skip('repeat');
    else out.trade(instrumentOf(symbol), eventTime, 0, price, size, TickSide.NONE);
  }

  function trades(list: readonly unknown[]): void {
    const seen = list.length > 1 ? new Map<string, number>() : null;
    takeEach(out, list, (entry) => { trade(object(entry, 'trade'), seen); });
  }

  return (channel, frame) => {
    const message = object(parseJson(frame), 'frame');
    const type = text(message['type'], 'type');
    switch (type) {
      case 'trade':
        trades(array(message['data'], 'data'));
        return type;
      case 'ping':
        return type;
      case 'error':
        failed(channel, live.environment.redact(String(message['msg'])));
        return type;
      // Asked for by nobody here.
      case 'news':
      case 'pr':
        return type;
      default:
        throw fail('MALFORMED_RECORD', `type ${type.slice(0, 40)} is not documented`);
    }
  };
}

/** The vendor names no symbol, so that nothing can be left out. */
function failed(channel: Channel, reason: string): void {
  if (/too many symbols/i.test(reason)) channel.refuse(`Finnhub: ${reason}: lower symbols, or the plan wants to be a larger one`);
  else if (/invalid api key|token|access|not allowed|invalid symbol/i.test(reason)) channel.refuse(`Finnhub: ${reason}`);
  else if (/limit|too many/i.test(reason)) channel.giveUp('rate-limited', reason);
  else channel.giveUp('unconfirmed', reason);
}
