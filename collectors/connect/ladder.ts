/** Back-off ladders: how long to wait before the next try, by what went wrong. */

export interface Ladder {
  /** So many first tries wait for nothing. @default 0 */
  readonly immediate?: number;
  /** First wait, milliseconds. */
  readonly first: number;
  /** Each wait is the one before times this... @default 1 */
  readonly factor?: number;
  /** ...plus this, milliseconds. @default 0 */
  readonly step?: number;
  /** Longest wait, milliseconds. */
  readonly cap: number;
  /** Part of a wait that is left to chance: 0.2 gives 80 to 100 % of it. @default 0.2 */
  readonly jitter?: number;
}

/** Milliseconds to wait before try `failures + 1`, after so many failures in a row, from 1. */
export function delayOf({ immediate = 0, first, factor = 1, step = 0, cap, jitter = 0.2 }: Ladder, failures: number, random: () => number): number {
  let wait = first;
  for (let i = failures - immediate - 1; i > 0 && wait < cap; i--) wait = wait * factor + step;
  return failures <= immediate ? 0 : Math.min(cap, wait) * (1 - jitter * random());
}

/** What went wrong with a connection. */
export type FailureCause =
  /** No connection: names, TCP, TLS, time-out. */
  | 'unreachable'
  /** The vendor answered with an error. */
  | 'http-error'
  /** 429, or what stands for it. */
  | 'rate-limited'
  /** An open connection broke or was closed by the vendor. */
  | 'dropped'
  /** An open connection has been silent for too long. */
  | 'silent'
  /** A subscription was not confirmed in time, or refused for now. */
  | 'unconfirmed'
  /** Frames show that the connection cannot be trusted any more. */
  | 'broken'
  /** We or the vendor planned it. */
  | 'planned';

export type Ladders = Readonly<Partial<Record<FailureCause, Ladder>>>;

/** Used where a vendor says nothing else. */
export const DEFAULT_LADDERS: Readonly<Record<FailureCause, Ladder>> = {
  unreachable: { first: 500, factor: 2, cap: 30_000, jitter: 0.5 },
  'http-error': { first: 5000, factor: 2, cap: 320_000 },
  'rate-limited': { first: 60_000, factor: 2, cap: 900_000 },
  dropped: { immediate: 1, first: 500, factor: 2, cap: 30_000, jitter: 0.5 },
  silent: { immediate: 1, first: 500, factor: 2, cap: 30_000, jitter: 0.5 },
  unconfirmed: { first: 1000, factor: 2, cap: 60_000, jitter: 0.5 },
  broken: { immediate: 1, first: 1000, factor: 2, cap: 60_000, jitter: 0.5 },
  planned: { immediate: 1, first: 500, factor: 2, cap: 30_000 },
};

/** Counts failures in a row by cause; all are forgotten once a connection has proved good. */
export class BackOff {
  readonly #ladders: Ladders;
  readonly #random: () => number;
  readonly #failures = new Map<FailureCause, number>();

  constructor(ladders: Ladders, random: () => number) {
    this.#ladders = ladders;
    this.#random = random;
  }

  /** Milliseconds to wait after this failure. */
  next(cause: FailureCause): number {
    const failures = (this.#failures.get(cause) ?? 0) + 1;
    this.#failures.set(cause, failures);
    return delayOf(this.#ladders[cause] ?? DEFAULT_LADDERS[cause], failures, this.#random);
  }

  reset(): void {
    this.#failures.clear();
  }
}
