/**
 * A confidence interval of the mean of paired loss differences that overlap in time.
 *
 * Labels of neighbouring predictions share most of their horizon, and instruments move together, so
 * single differences are far from independent. Sums over blocks of time that are longer than a horizon, twice at least, nearly
 * are: this is the method of batch means (Alexopoulos and Seila, in Handbook of Simulation, 1998, ch. 7), with
 * a ratio estimator because blocks hold unequally many outcomes, and Student's t for few blocks.
 */

/** Two-sided 97.5 % quantiles of Student's t for 1..30 degrees of freedom. */
const T_975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** Above 30 degrees of freedom by the Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5). */
export function tQuantile975(degrees: number): number {
  if (degrees < 1) return Number.POSITIVE_INFINITY;
  const tabled = T_975[degrees - 1];
  if (tabled !== undefined) return tabled;
  const z = 1.959963984540054;
  return z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2);
}

export interface MeanInterval {
  readonly mean: number;
  /** Bounds of the 95 % interval; infinite with fewer than two blocks. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
  readonly blocks: number;
}

/** Mean of differences with a 95 % interval; `add` in any order, one by one or summed up for a time. */
export class BlockMeans {
  readonly #blockUs: number;
  readonly #sums = new Map<number, { sum: number; count: number }>();

  /** @param blockUs length of a block, microseconds: two horizons or more */
  constructor(blockUs: number) {
    this.#blockUs = blockUs;
  }

  add(timeUs: number, sum: number, count = 1): void {
    const block = Math.floor(timeUs / this.#blockUs);
    const cell = this.#sums.get(block);
    if (cell) {
      cell.sum += sum;
      cell.count += count;
    } else {
      this.#sums.set(block, { sum, count });
    }
  }

  interval(): MeanInterval {
    const cells = [...this.#sums.values()];
    const blocks = cells.length;
    const count = cells.reduce((total, cell) => total + cell.count, 0);
    const mean = count === 0 ? 0 : cells.reduce((total, cell) => total + cell.sum, 0) / count;
    if (blocks < 2) return { mean, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, count, blocks };
    // Variance of the ratio sum / count by linearisation (Cochran, Sampling Techniques, 1977, eq. 6.13).
    const squares = cells.reduce((total, cell) => total + (cell.sum - mean * cell.count) ** 2, 0);
    const error = Math.sqrt((blocks / (blocks - 1)) * squares) / count;
    const half = tQuantile975(blocks - 1) * error;
    return { mean, low: mean - half, high: mean + half, count, blocks };
  }
}
