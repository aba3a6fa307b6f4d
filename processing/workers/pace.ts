/** When a worker commits what it has worked through: at once, or what has piled up within an interval. */
export interface PaceOptions {
  /**
   * Work is committed this many milliseconds after its first record was taken, at the latest; sooner when the inputs fall silent
   * or much has piled up. 0: after each batch. @default 0
   */
  readonly commitIntervalMs?: number;
}

/** What may pile up: bounds memory, and the work done again after a crash. */
const MOST_ROWS = 65_536;
const MOST_BYTES = 8 * 1024 * 1024;
/** Inputs that bring nothing for this part of the interval are silent. */
const SILENCE = 1 / 4;

export class CommitPace {
  readonly #intervalMs: number;
  readonly #now: () => number;
  /** When the first record that waits was taken. */
  #since: number | null = null;

  constructor({ commitIntervalMs = 0 }: PaceOptions, now: () => number = () => performance.now()) {
    this.#intervalMs = commitIntervalMs;
    this.#now = now;
  }

  /** Whether anything waits for a commit. */
  get pending(): boolean {
    return this.#since !== null;
  }

  /** Milliseconds since the first record that waits was taken. */
  get age(): number {
    return this.#since === null ? 0 : this.#now() - this.#since;
  }

  /** Records were taken, or rows of records taken before were worked through. */
  taken(): void {
    this.#since ??= this.#now();
  }

  /** How long to wait for more; undefined: as long as one likes. */
  waitMs(): number | undefined {
    if (this.#since === null) return undefined;
    return Math.max(0, Math.min(this.#intervalMs - this.age, this.#intervalMs * SILENCE));
  }

  /** @param silent the wait that was asked for brought nothing */
  due({ rows, bytes, silent }: { readonly rows: number; readonly bytes: number; readonly silent: boolean }): boolean {
    if (this.#since === null) return false;
    return silent || rows >= MOST_ROWS || bytes >= MOST_BYTES || this.age >= this.#intervalMs;
  }

  committed(): void {
    this.#since = null;
  }
}
