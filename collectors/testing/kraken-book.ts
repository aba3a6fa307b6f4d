/**
 * The order book of one symbol as deep as it was subscribed to, with the checksum that Kraken sends beside each change: what
 * does not agree with it has missed something. Prices and sizes are kept as they were written, since the checksum is one of
 * texts.
 */
import { crc32 } from 'node:zlib';

import type { Quote } from '../sources/kraken/rows.ts';

export type Side = 'bid' | 'ask';

interface Level {
  readonly price: number;
  readonly size: number;
  /** Digits of both, without point and leading zeros. */
  readonly digits: string;
}

/** Levels of each side that the checksum covers. */
const CHECKED = 10;

export class Book {
  readonly #depth: number;
  /** From the best price on. */
  readonly #levels: Readonly<Record<Side, Level[]>> = { bid: [], ask: [] };

  constructor(depth: number) {
    this.#depth = depth;
  }

  /** Sets a price level; a size of zero removes it. Levels beyond the depth are cut by `trim`. */
  set(side: Side, price: string, size: string): void {
    const levels = this.#levels[side];
    const level: Level = { price: Number(price), size: Number(size), digits: digitsOf(price) + digitsOf(size) };
    const at = place(levels, side === 'ask' ? 1 : -1, level.price);
    const there = levels[at]?.price === level.price;
    if (level.size === 0) levels.splice(at, there ? 1 : 0);
    else levels.splice(at, there ? 1 : 0, level);
  }

  /** After all changes of a frame. */
  trim(): void {
    for (const levels of Object.values(this.#levels)) levels.length = Math.min(levels.length, this.#depth);
  }

  /** CRC-32 of the best asks, then the best bids, as Kraken writes it. */
  checksum(): number {
    const { ask, bid } = this.#levels;
    let all = '';
    for (const { digits } of ask.slice(0, CHECKED)) all += digits;
    for (const { digits } of bid.slice(0, CHECKED)) all += digits;
    return crc32(all);
  }

  /** Null while a side is empty. */
  best(): Quote | null {
    const [ask] = this.#levels.ask;
    const [bid] = this.#levels.bid;
    return ask && bid ? { bid: bid.price, bidSize: bid.size, ask: ask.price, askSize: ask.size } : null;
  }
}

/** Where a price stands, or would. */
function place(levels: readonly Level[], sign: 1 | -1, price: number): number {
  let [low, high] = [0, levels.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sign * levels[middle]!.price < sign * price) low = middle + 1;
    else high = middle;
  }
  return low;
}

const digitsOf = (text: string): string => text.replace('.', '').replace(/^0+/, '');
