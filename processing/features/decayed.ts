/**
 * Sums kept as of their newest post and decayed to the time at which they are read.
 */

const { LN2, exp } = Math;
const SECONDS = 1e-6;

/** `sum` as of `since`, decayed to `now`; times in µs. A time before `since` counts as `since`. */
export function decayed(sum: number, since: number, now: number, halfLife: number): number {
  return sum !== 0 && now > since ? sum * exp(((since - now) * SECONDS * LN2) / halfLife) : sum;
}

export const latest = (a: number, b: number): number => (a > b ? a : b);
