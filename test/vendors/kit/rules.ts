/** Rules that vendors enforce. */

/** Counts events in any window of time: true when one more is within the limit, and counts it then. */
export class WindowRule {
  readonly #limit: number;
  readonly #perMs: number;
  readonly #now: () => number;
  #times: number[] = [];
  /** Events that were beyond the limit. */
  broken = 0;

  constructor(limit: number, perMs: number, now: () => number) {
    this.#limit = limit;
    this.#perMs = perMs;
    this.#now = now;
  }

  allows(): boolean {
    const now = this.#now();
    this.#times = this.#times.filter((time) => now - time < this.#perMs);
    if (this.#times.length >= this.#limit) {
      this.broken++;
      return false;
    }
    this.#times.push(now);
    return true;
  }
}
