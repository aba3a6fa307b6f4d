/**
 * 95 % intervals of scores that are no means: the moving block bootstrap (Künsch, The Jackknife and the Bootstrap for General
 * Stationary Observations, Annals of Statistics 17, 1989), by the percentiles of its replicates. Blocks keep what neighbouring rows share.
 */
import { seededRandom } from '../random.ts';

const REPLICATES = 200;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * @param score of the rows, each counted as often as the weights say
 * @returns NaN bounds where there are fewer than two blocks
 */
export function bootstrapIntervals<T extends Readonly<Record<keyof T, number>>>(
  length: number,
  block: number,
  score: (weights: Uint32Array) => T,
  seed = 1,
): Readonly<Record<keyof T, Interval>> | null {
  const blocks = Math.ceil(length / block);
  if (blocks < 2) return null;
  const random = seededRandom(seed);
  const values = new Map<keyof T, number[]>();
  for (let replicate = 0; replicate < REPLICATES; replicate++) {
    const weights = new Uint32Array(length);
    for (let left = length; left > 0; ) {
      const from = Math.floor(random() * (length - block + 1));
      const to = from + Math.min(block, left);
      for (let i = from; i < to; i++) weights[i] = weights[i]! + 1;
      left -= to - from;
    }
    const scored = score(weights);
    for (const name of Object.keys(scored) as (keyof T)[]) {
      const known = values.get(name);
      if (known) known.push(scored[name]);
      else values.set(name, [scored[name]]);
    }
  }
  return Object.fromEntries([...values].map(([name, all]) => [name, percentiles(all)])) as Record<keyof T, Interval>;
}

function percentiles(values: readonly number[]): Interval {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return { low: Number.NaN, high: Number.NaN };
  const at = (q: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(q * (sorted.length - 1))))]!;
  return { low: at(0.025), high: at(0.975) };
}

/**
 * Rows of a block: about the square root of their number (Flegal and Jones, Batch means and spectral variance estimators, 2010), and twice
 * the delay of labels at least.
 */
export function blockRows(length: number, delay: number): number {
  return Math.max(1, Math.min(length, Math.max(Math.ceil(Math.sqrt(length)), 2 * delay)));
}
