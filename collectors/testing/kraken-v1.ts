/**
 * For tests: decodes frames of Kraken's older WebSocket, of which there are recordings. It is frozen and gives trades no ids, so
 * no source speaks it; sides, times, prices, books and checksums are those of v2.
 */
import { fail } from '#proto';

import { Book } from './kraken-book.ts';
import { takerSide, type Quote, type Trade } from '../sources/kraken/rows.ts';
import { decimal, whole } from '../values/decimal.ts';
import { array, object, parseJson, text } from '../values/fields.ts';
import { timeOf } from '../values/time.ts';

export interface Heard {
  /** Without ids: 0. */
  trade(symbol: string, trade: Trade): void;
  ticker(symbol: string, quote: Quote): void;
  /** After each frame of the book. */
  best(symbol: string, quote: Quote): void;
}

/** Returns what a frame was. What does not agree with its checksum is malformed. */
export function krakenV1Decoder(heard: Heard): (frame: string) => string {
  const books = new Map<string, Book>();

  function book(symbol: string, parts: readonly unknown[]): string {
    const snapshot = object(parts[0], 'book')['as'] !== undefined;
    const current = snapshot ? new Book(1000) : books.get(symbol);
    if (!current) throw fail('MALFORMED_RECORD', 'a change of a book that is not known');
    books.set(symbol, current);
    let checksum: number | null = null;
    for (const part of parts.map((one) => object(one, 'book'))) {
      for (const [key, side] of [['as', 'ask'], ['a', 'ask'], ['bs', 'bid'], ['b', 'bid']] as const) {
        for (const level of array(part[key] ?? [], key).map((one) => array(one, 'level'))) {
          timeOf(level[2], 's', 'time');
          decimal(level[0], 'price');
          decimal(level[1], 'volume');
          current.set(side, text(level[0], 'price'), text(level[1], 'volume'));
        }
      }
      if (part['c'] !== undefined) checksum = whole(part['c'], 'checksum');
    }
    current.trim();
    if (!snapshot && current.checksum() !== checksum) throw fail('MALFORMED_RECORD', 'the checksum of the book is another');
    const best = current.best();
    if (best) heard.best(symbol, best);
    return snapshot ? 'book-snapshot' : 'book';
  }

  return (frame) => {
    const message = parseJson(frame);
    if (!Array.isArray(message)) return text(object(message, 'frame')['event'], 'event');
    const [, ...parts] = message as unknown[];
    const symbol = text(parts.pop(), 'pair');
    const channel = text(parts.pop(), 'channel');
    if (channel === 'trade') {
      for (const one of array(parts[0], 'trades').map((entry) => array(entry, 'trade'))) {
        heard.trade(symbol, { id: 0, eventTime: timeOf(one[2], 's', 'time'), price: decimal(one[0], 'price'), size: decimal(one[1], 'volume'), side: takerSide(one[3], 'b', 's') });
      }
      return channel;
    }
    if (channel === 'ticker') {
      const ticker = object(parts[0], 'ticker');
      const [ask, bid] = [array(ticker['a'], 'a'), array(ticker['b'], 'b')];
      heard.ticker(symbol, { bid: decimal(bid[0], 'bid'), bidSize: decimal(bid[2], 'bid size'), ask: decimal(ask[0], 'ask'), askSize: decimal(ask[2], 'ask size') });
      return channel;
    }
    if (channel.startsWith('book-')) return book(symbol, parts);
    throw fail('MALFORMED_RECORD', `channel ${channel}`);
  };
}
