/**
 * How far a stream of posts was read, and what of its newest stretch was published: enough to ask for that stretch once more
 * after an interruption, since a late post may stand before the newest one, and to publish nothing twice.
 */

/** Keys kept at most: they are part of a position, which is written with each emission. */
const MOST = 256;
/** While what lies behind is being fetched. */
const MOST_HELD = 4096;

/** As it is kept in a cursor. */
export interface StretchState {
  /** Decimal digits. */
  readonly last: string;
  readonly floor: string;
  readonly keys: readonly (readonly [key: string, position: string])[];
}

/** Positions are whole numbers of any size: microseconds, or ids. */
export class Stretch {
  readonly #rewind: bigint;
  #last: bigint | null = null;
  /** Keys of positions up to this one may have been forgotten before this run: what it published itself its `RecentTexts` know. */
  #begun = 0n;
  /** The same of the keys that are kept for the next run. */
  #floor = 0n;
  /** Set while it is held: the newest position seen meanwhile. */
  #ahead: bigint | null = null;
  readonly #keys = new Map<string, bigint>();

  /** @param rewind how far before the newest position to begin again */
  constructor(rewind: bigint, state?: StretchState) {
    this.#rewind = rewind;
    if (!state) return;
    this.#last = BigInt(state.last);
    this.#begun = this.#floor = BigInt(state.floor);
    for (const [key, position] of state.keys) this.#keys.set(key, BigInt(position));
  }

  /** The newest position seen; null before the first. */
  get last(): bigint | null {
    return this.#last;
  }

  /**
   * Where to begin again: nothing at or behind it was published that is not remembered. Null before the first position. Above
   * `last` where more was published while it was held than can be remembered: what lies between cannot be asked for.
   */
  get resumeAt(): bigint | null {
    if (this.#last === null) return null;
    const back = this.#last - this.#rewind;
    return back > this.#begun ? back : this.#begun + 1n;
  }

  /** Something of this position came by. */
  reach(position: bigint): void {
    if (this.#ahead !== null) this.#ahead = position > this.#ahead ? position : this.#ahead;
    else this.advance(position);
  }

  /** What lies between the newest position and what comes by from now on is missing: a position of now begins before it. */
  hold(): void {
    if (this.#last !== null) this.#ahead ??= this.#last;
  }

  get held(): boolean {
    return this.#ahead !== null;
  }

  /** What was missing is there up to this position. */
  advance(position: bigint): void {
    if (this.#last === null || position > this.#last) this.#last = position;
  }

  /** Nothing is missing any more, or it is given up. */
  release(): void {
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead !== null) this.advance(ahead);
  }

  /** It was published under this key. */
  keep(key: string, position: bigint): void {
    if (position <= this.#floor) return;
    this.#keys.set(key, position);
    if (this.#keys.size > this.#most) this.#forget();
  }

  keys(): IterableIterator<string> {
    return this.#keys.keys();
  }

  toJSON(): StretchState | null {
    if (this.#last === null) return null;
    this.#prune();
    return { last: String(this.#last), floor: String(this.#floor), keys: [...this.#keys].map(([key, position]) => [key, String(position)] as const) };
  }

  get #most(): number {
    return this.#ahead === null ? MOST : MOST_HELD;
  }

  /** What lies before `resumeAt` will not be asked for again. */
  #prune(): void {
    const from = this.resumeAt ?? 0n;
    for (const [key, position] of this.#keys) if (position < from) this.#keys.delete(key);
  }

  #forget(): void {
    this.#prune();
    if (this.#keys.size <= this.#most) return;
    // The older half, so that this is not done for each post of a flood.
    const positions = [...this.#keys.values()].sort((a, b) => (a < b ? -1 : 1));
    this.#floor = positions[Math.floor(positions.length / 2)]!;
    for (const [key, position] of this.#keys) if (position <= this.#floor) this.#keys.delete(key);
  }
}
