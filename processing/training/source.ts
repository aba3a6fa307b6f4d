import type { PendingRing } from './pending.ts';

/** One source partition of a shard: its event clock and the predictions made from its rows. */
export class SourceClock {
  /** Newest event time seen, microseconds; never goes back. */
  clock = 0;
  /** Ordinal of the next row; earlier ones are repeats. */
  nextOrdinal = 0;
  readonly pending: PendingRing;

  constructor(pending: PendingRing) {
    this.pending = pending;
  }

  advance(eventTime: number): number {
    if (eventTime > this.clock) this.clock = eventTime;
    return this.clock;
  }
}
