/**
 * Running mean and variance of each feature, by Welford's method (Welford, "Note on a method for calculating
 * corrected sums of squares and products", Technometrics 4(3), 1962).
 */
import { section, SectionReader } from './section.ts';
import type { SnapshotSection } from '#proto';

/** Standardised values are cut off here: one wild row must not undo a thousand steps. */
const MAX_DEVIATIONS = 8;

export class StandardScaler {
  readonly width: number;
  #count = 0;
  readonly #mean: Float64Array;
  readonly #m2: Float64Array;
  /** 1 / standard deviation; 0 for a feature that has not varied. */
  readonly #inverse: Float64Array;

  constructor(width: number) {
    this.width = width;
    this.#mean = new Float64Array(width);
    this.#m2 = new Float64Array(width);
    this.#inverse = new Float64Array(width);
  }

  learnRow(features: Float32Array, at: number): void {
    const n = ++this.#count;
    const mean = this.#mean;
    const m2 = this.#m2;
    for (let j = 0; j < this.width; j++) {
      const x = features[at + j]!;
      const delta = x - mean[j]!;
      mean[j] = mean[j]! + delta / n;
      m2[j] = m2[j]! + delta * (x - mean[j]!);
    }
  }

  /** To be called after `learnRow`, once a step. */
  refresh(): void {
    for (let j = 0; j < this.width; j++) {
      const variance = this.#count > 0 ? this.#m2[j]! / this.#count : 0;
      this.#inverse[j] = variance > 1e-18 ? 1 / Math.sqrt(variance) : 0;
    }
  }

  /** `out[0 .. width)` := (x - mean) / standard deviation. */
  transform(features: Float32Array, at: number, out: Float64Array): void {
    const mean = this.#mean;
    const inverse = this.#inverse;
    for (let j = 0; j < this.width; j++) {
      const z = (features[at + j]! - mean[j]!) * inverse[j]!;
      out[j] = z > MAX_DEVIATIONS ? MAX_DEVIATIONS : z < -MAX_DEVIATIONS ? -MAX_DEVIATIONS : z;
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
