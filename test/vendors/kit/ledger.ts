/** What happened at the stand-in, and what became of it on the way out: the truth that a source is held to. */
import type { MarketItem } from './market.ts';

export interface LedgerEntry {
  readonly item: MarketItem;
  /** The record it should become: see `recordKey`. */
  readonly key: string;
  readonly instrument: string;
  /** Frames with it that went out whole. */
  sent: number;
  /** When it last went out, milliseconds of the vendor's time; 0 before. */
  sentAt: number;
  /** It went out after something newer. */
  reordered: boolean;
  /** Frames in which it was cut off. */
  readonly damaged: string[];
  /** Someone was subscribed to its stream and symbol when it happened, or had been before: it may not go missing unsaid. */
  due: boolean;
}

/** A frame that cannot be read, and the connection it went out on. */
export interface Spoiled {
  readonly frame: string;
  readonly at: number;
  readonly connection: { readonly deaf: boolean; readonly endedAt: number };
}

export class Ledger {
  readonly entries: LedgerEntry[] = [];
  readonly spoiled: Spoiled[] = [];
  readonly #byItem = new Map<MarketItem, LedgerEntry>();

  add(item: MarketItem, instrument: string, key: string): LedgerEntry {
    const entry: LedgerEntry = { item, key, instrument, sent: 0, sentAt: 0, reordered: false, damaged: [], due: false };
    this.entries.push(entry);
    this.#byItem.set(item, entry);
    return entry;
  }

  of(item: MarketItem): LedgerEntry {
    return this.#byItem.get(item)!;
  }
}
