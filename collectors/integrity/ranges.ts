/** A set of whole numbers as ranges, for what is missing from a sequence: few ranges, however long. */

/** First and last, both included. */
export type Range = readonly [first: number, last: number];

export class Ranges {
  #ranges: Range[];

  constructor(ranges: readonly Range[] = []) {
    this.#ranges = [...ranges];
  }

  get empty(): boolean {
    return this.#ranges.length === 0;
  }

  /** Numbers in the set. */
  get count(): number {
    return this.#ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  }

  list(): readonly Range[] {
    return this.#ranges;
  }

  has(value: number): boolean {
    return this.#ranges.some(([first, last]) => value >= first && value <= last);
  }

  /** Adds a range above all that are there. */
  append(first: number, last: number): void {
    const before = this.#ranges.at(-1);
    if (before?.[1] === first - 1) this.#ranges[this.#ranges.length - 1] = [before[0], last];
    else this.#ranges.push([first, last]);
  }

  add(value: number): void {
    if (this.has(value)) return;
    const at = this.#ranges.findIndex(([first]) => first > value);
    const place = at === -1 ? this.#ranges.length : at;
    const before = this.#ranges[place - 1];
    const after = this.#ranges[place];
    const joinsBefore = before?.[1] === value - 1;
    const joinsAfter = after?.[0] === value + 1;
    const joined: Range = [joinsBefore ? before[0] : value, joinsAfter ? after[1] : value];
    this.#ranges.splice(place - (joinsBefore ? 1 : 0), (joinsBefore ? 1 : 0) + (joinsAfter ? 1 : 0), joined);
  }

  /** False when it was not there. */
  remove(value: number): boolean {
    const at = this.#ranges.findIndex(([first, last]) => value >= first && value <= last);
    if (at === -1) return false;
    const [first, last] = this.#ranges[at]!;
    const left: Range[] = [];
    if (first < value) left.push([first, value - 1]);
    if (last > value) left.push([value + 1, last]);
    this.#ranges.splice(at, 1, ...left);
    return true;
  }

  /** Takes out and returns what is not above this number. */
  shiftUpTo(value: number): Range[] {
    const taken = this.#ranges.filter(([first]) => first <= value).map(([first, last]): Range => [first, Math.min(last, value)]);
    this.#ranges = this.#ranges.filter(([, last]) => last > value).map(([first, last]): Range => [Math.max(first, value + 1), last]);
    return taken;
  }

  /** Takes out and returns the lowest ranges until at most `keep` are left. */
  shiftTo(keep: number): Range[] {
    return this.#ranges.splice(0, Math.max(0, this.#ranges.length - keep));
  }
}
