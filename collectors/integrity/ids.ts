/**
 * Ids that rise but may jump, an instrument at a time, where a late one is still news: trades of a vendor that numbers all
 * its books together. Which of the newest ids came is remembered; what lies before them counts as seen.
 */
export class RisingIds {
  readonly #size: number;
  #last: number;
  /** All up to this one count as seen. */
  #floor: number;
  readonly #newest = new Set<number>();

  /** @param last it and all below count as seen */
  constructor(last: number, size = 256) {
    this.#last = last;
    this.#floor = last;
    this.#size = size;
  }

  get last(): number {
    return this.#last;
  }

  /** Whether it is new. */
  accept(id: number): boolean {
    if (id <= this.#floor || this.#newest.has(id)) return false;
    this.#newest.add(id);
    this.#last = Math.max(this.#last, id);
    if (this.#newest.size > this.#size) {
      const lowest = Math.min(...this.#newest);
      this.#newest.delete(lowest);
      this.#floor = lowest;
    }
    return true;
  }
}
