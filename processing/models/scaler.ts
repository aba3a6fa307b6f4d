/**
 * Running mean and variance of each feature, by Welford's method (Welford, "Note on a method for calculating
 * corrected sums of squares and products", Technometrics 4(3), 1962).
 */
import { section, SectionReader } from './section.ts';
import type { SnapshotSection } from '#proto';

/** Standardised values are cut off here unless asked otherwise: one wild row must not undo a thousand steps. */
const MAX_DEVIATIONS = 8;

export class StandardScaler {
  readonly width: number;
  #count = 0;
  readonly #mean: Float64Array;
  readonly #m2: Float64Array;
  /** 1 / standard deviation; 0 for a feature that has not varied. */
  readonly #inverse: Float64Array;
  readonly #most: number;

  constructor(width: number, maxDeviations = MAX_DEVIATIONS) {
    this.width = width;
    this.#most = maxDeviations;
    this.#mean = new Float64Array(width);
    this.#m2 = new Float64Array(width);
    this.#inverse = new Float64Array(width);
  }

  learnRow(features: Float32Array, at: number): void {
    const n = ++this.#count;
    const { width } = this;
    const mean = this.#mean;
    const m2 = this.#m2;
    for (let j = 0; j < width; j++) {
      const x = features[at + j]!;
      const before = mean[j]!;
      const delta = x - before;
      const after = before + delta / n;
      mean[j] = after;
      m2[j] = m2[j]! + delta * (x - after);
    }
  }

  /** To be called after `learnRow`, once a step. */
  refresh(): void {
    const { width } = this;
    const count = this.#count;
    const m2 = this.#m2;
    const inverse = this.#inverse;
    for (let j = 0; j < width; j++) {
      const variance = count > 0 ? m2[j]! / count : 0;
      inverse[j] = variance > 1e-18 ? 1 / Math.sqrt(variance) : 0;
    }
  }

  /** `out[0 .. width)` := (x - mean) / standard deviation. */
  transform(features: Float32Array, at: number, out: Float64Array): void {
    const { width } = this;
    const mean = this.#mean;
    const inverse = this.#inverse;
    const most = this.#most;
    for (let j = 0; j < width; j++) {
      const z = (features[at + j]! - mean[j]!) * inverse[j]!;
      out[j] = z > most ? most : z < -most ? -most : z;
    }
  }

  save(): SnapshotSection {
    return section({ count: this.#count }, { mean: this.#mean, m2: this.#m2 });
  }

  restore(from: SnapshotSection): void {
    const reader = new SectionReader<{ count: number }>(from, 'scaler');
    const mean = reader.f64('mean', this.width);
    const m2 = reader.f64('m2', this.width);
    this.#count = reader.document.count;
    this.#mean.set(mean);
    this.#m2.set(m2);
    this.refresh();
  }
}
