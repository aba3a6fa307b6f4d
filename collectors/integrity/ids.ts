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

  /**
   * @param last it and all below count as seen
   * @param size how many are remembered at least, and at most twice as many
   */
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
    if (this.#newest.size >= 2 * this.#size) this.#forget();
    return true;
  }

  /** The older half, so that it is not done for each id. */
  #forget(): void {
    const oldest = [...this.#newest].sort((a, b) => a - b).slice(0, -this.#size);
    for (const id of oldest) this.#newest.delete(id);
    this.#floor = oldest.at(-1)!;
  }
}
