/** Repeats where there is no contiguous sequence: by a number that only rises, by id, by content. */

/** By a number that rises but may jump (a sequence of a whole book, a time): what is not above the last is old. */
export class Rising {
  readonly #last = new Map<string, number>();

  /** Whether it is above the last of this key; it is the last from now on. */
  accept(key: string, value: number): boolean {
    const last = this.#last.get(key);
    if (last !== undefined && value <= last) return false;
    this.#last.set(key, value);
    return true;
  }

  forget(key: string): void {
    this.#last.delete(key);
  }
}

/**
 * By a time that rises but may stand still: what is older than the newest is old, and at the same time what says the same is
 * a repeat.
 */
export class Newest<T> {
  readonly #same: (a: T, b: T) => boolean;
  readonly #newest = new Map<string, { time: number; values: T[] }>();

  constructor(same: (a: T, b: T) => boolean) {
    this.#same = same;
  }

  /** Whether it is new of this key; it is the newest from now on. */
  accept(key: string, time: number, value: T): boolean {
    const newest = this.#newest.get(key);
    if (newest === undefined || time > newest.time) {
      this.#newest.set(key, { time, values: [value] });
      return true;
    }
    if (time < newest.time || newest.values.some((one) => this.#same(one, value))) return false;
    newest.values.push(value);
    return true;
  }

  /** Whether the newest of this key says this. */
  says(key: string, value: T): boolean {
    const last = this.#newest.get(key)?.values.at(-1);
    return last !== undefined && this.#same(last, value);
  }

  forget(key: string): void {
    this.#newest.delete(key);
  }
}

/**
 * By id or by content: a text is new unless it is among the newest `size` ones, or up to as many before them. Holds the texts
 * themselves: no collision ever drops a record that is new. They are forgotten by generations: taking the oldest out of a set one by
 * one would search through all the places that were left empty.
 */
export class RecentTexts {
  readonly #size: number;
  #older = new Set<string>();
  #newer = new Set<string>();

  constructor(size: number) {
    this.#size = size;
  }

  accept(value: string): boolean {
    if (this.has(value)) return false;
    if (this.#newer.size >= this.#size) {
      this.#older = this.#newer;
      this.#newer = new Set();
    }
    this.#newer.add(value);
    return true;
  }

  has(value: string): boolean {
    return this.#newer.has(value) || this.#older.has(value);
  }

  /** The newest `size`, in order of insertion, for a cursor. */
  list(): string[] {
    return [...this.#older, ...this.#newer].slice(-this.#size);
  }

  restore(values: readonly string[]): void {
    for (const value of values) this.accept(value);
  }
}
