/** Counters that a vendor puts on frames or heartbeats of one connection: each is one above the one before. */

export class FrameCounter {
  #last: number | null = null;

  /** Frames missing between the last and this one; null when none. A lower number is a late frame, and counts for nothing. */
  accept(value: number): { readonly first: number; readonly last: number } | null {
    const last = this.#last;
    if (last !== null && value <= last) return null;
    this.#last = value;
    return last === null || value === last + 1 ? null : { first: last + 1, last: value - 1 };
  }
}
