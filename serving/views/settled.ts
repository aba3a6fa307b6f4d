/** The newest predictions that have come true, far enough apart to be read: busy instruments settle hundreds a second. */
import type { Outcome } from '#proto';

export interface Settled {
  readonly outcome: Outcome;
  /** When the queue took it, milliseconds of wall clock. */
  readonly appendedAt: number;
}

const KEEP = 12;
const GAP_US = 1_000_000;

export class SettledFeed {
  /** Newest first, by model. */
  readonly #feeds = new Map<string, Settled[]>();

  add(outcome: Outcome, appendedAt: number): void {
    const feed = this.#feeds.get(outcome.model) ?? [];
    this.#feeds.set(outcome.model, feed);
    const before = feed.find((settled) => settled.outcome.instrument === outcome.instrument);
    if (before && outcome.dueTimeUs - before.outcome.dueTimeUs < GAP_US) return;
    feed.unshift({ outcome, appendedAt });
    if (feed.length > KEEP) feed.pop();
  }

  of(model: string): readonly Settled[] {
    return this.#feeds.get(model) ?? [];
  }
}
