/**
 * Which numbers of one sequence have been seen. A number is new once: above the last it moves on and leaves what it
 * jumped over missing; below, it is new only where it was missing. So repeats, reordered arrivals and overlapping
 * back-fills come out as each number once, in whatever order they come.
 */
import { Ranges, type Range } from './ranges.ts';

export interface SequenceState {
  readonly last: number;
  readonly missing: readonly Range[];
}

/** What is missing is kept as at most so many ranges; the oldest are given up first. */
const MAX_RANGES = 1000;

export class Sequence {
  #last: number;
  readonly #missing: Ranges;

  private constructor(last: number, missing: readonly Range[]) {
    this.#last = last;
    this.#missing = new Ranges(missing);
  }

  /** Begins after this number: it and all below count as seen. */
  static after(last: number): Sequence {
    return new Sequence(last, []);
  }

  static from({ last, missing }: SequenceState): Sequence {
    return new Sequence(last, missing);
  }

  get last(): number {
    return this.#last;
  }

  get missing(): Ranges {
    return this.#missing;
  }

  /** What survives, and `from` takes. */
  toJSON(): SequenceState {
    return { last: this.#last, missing: this.#missing.list() };
  }

  /** Whether the number is new. */
  accept(value: number): boolean {
    if (value > this.#last) {
      if (value > this.#last + 1) this.#missing.append(this.#last + 1, value - 1);
      this.#last = value;
      return true;
    }
    return this.#missing.remove(value);
  }

  /** A number that was accepted is missing after all. */
  putBack(value: number): void {
    this.#missing.add(value);
  }

  /** All numbers up to this one exist: those above the last are missing. */
  expect(value: number): void {
    if (value <= this.#last) return;
    this.#missing.append(this.#last + 1, value);
    this.#last = value;
  }

  /** Gives up what is missing up to this number: it will not count as new any more. */
  giveUp(upTo: number): Range[] {
    return this.#missing.shiftUpTo(upTo);
  }

  /** Gives up the oldest ranges where there are too many. */
  trim(): Range[] {
    return this.#missing.shiftTo(MAX_RANGES);
  }
}
