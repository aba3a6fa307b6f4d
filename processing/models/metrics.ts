/**
 * Metrics of probabilistic classification over a stream of outcomes.
 *
 * Log loss and the Brier score are proper scores (Gneiting and Raftery, JASA 102, 2007): they are best in
 * expectation for honest probabilities. Calibration error is the expected calibration error over ten equal
 * bins of the top class's probability (Naeini et al., AAAI 2015).
 */
import type { CalibrationBin, SnapshotSection } from '#proto';

import { SectionReader, section } from './section.ts';

const BINS = 10;

export interface MetricValues {
  readonly outcomes: number;
  readonly expired: number;
  readonly abstained: number;
  /** Mean over outcomes, natural logarithm; 0 when there is none. */
  readonly logLoss: number;
  readonly accuracy: number;
  /** Mean over outcomes of the squared distance between probabilities and the one-hot label, in [0, 2]. */
  readonly brier: number;
  readonly calibrationError: number;
  /** Row-major, label by predicted class. */
  readonly confusion: number[];
  readonly calibration: CalibrationBin[];
}

/** Index of the largest probability; the lowest index of equal ones. */
export function topClass(p: Float64Array, at: number, classes: number): number {
  let best = 0;
  for (let c = 1; c < classes; c++) if (p[at + c]! > p[at + best]!) best = c;
  return best;
}

export class ClassificationMetrics {
  readonly classes: number;
  #outcomes = 0;
  #expired = 0;
  #abstained = 0;
  #logLoss = 0;
  #brier = 0;
  readonly #confusion: Float64Array;
  /** Count, sum of probabilities and hits of each bin. */
  readonly #bins = new Float64Array(BINS * 3);

  constructor(classes: number) {
    this.classes = classes;
    this.#confusion = new Float64Array(classes * classes);
  }

  get outcomes(): number {
    return this.#outcomes;
  }

  /** Scores one outcome and returns its log loss; `loss` when another of these has worked it out already. */
  add(p: Float64Array, at: number, label: number, loss = -Math.log(p[at + label]!)): number {
    const { classes } = this;
    const top = topClass(p, at, classes);
    this.#outcomes += 1;
    this.#logLoss += loss;
    for (let c = 0; c < classes; c++) {
      const error = p[at + c]! - (c === label ? 1 : 0);
      this.#brier += error * error;
    }
    const cell = label * classes + top;
    this.#confusion[cell] = this.#confusion[cell]! + 1;
    const confidence = p[at + top]!;
    const bin = 3 * Math.min(BINS - 1, Math.floor(confidence * BINS));
    this.#bins[bin] = this.#bins[bin]! + 1;
    this.#bins[bin + 1] = this.#bins[bin + 1]! + confidence;
    if (top === label) this.#bins[bin + 2] = this.#bins[bin + 2]! + 1;
    return loss;
  }

  expire(): void {
    this.#expired += 1;
  }

  abstain(): void {
    this.#abstained += 1;
  }

  values(): MetricValues {
    const n = Math.max(1, this.#outcomes);
    let hits = 0;
    for (let c = 0; c < this.classes; c++) hits += this.#confusion[c * this.classes + c]!;
    const calibration: CalibrationBin[] = [];
    let error = 0;
    for (let b = 0; b < BINS; b++) {
      const [count, sum, right] = [this.#bins[3 * b]!, this.#bins[3 * b + 1]!, this.#bins[3 * b + 2]!];
      calibration.push({ count, sumProbability: sum, hits: right });
      error += Math.abs(sum - right);
    }
    return {
      outcomes: this.#outcomes,
      expired: this.#expired,
      abstained: this.#abstained,
      logLoss: this.#logLoss / n,
      accuracy: hits / n,
      brier: this.#brier / n,
      calibrationError: error / n,
      confusion: Array.from(this.#confusion),
      calibration,
    };
  }

  reset(): void {
    this.#outcomes = this.#expired = this.#abstained = 0;
    this.#logLoss = this.#brier = 0;
    this.#confusion.fill(0);
    this.#bins.fill(0);
  }

  save(): SnapshotSection {
    const scalars = Float64Array.of(this.#outcomes, this.#expired, this.#abstained, this.#logLoss, this.#brier);
    return section({ classes: this.classes }, { scalars, confusion: this.#confusion, bins: this.#bins });
  }

  restore(from: SnapshotSection | undefined): void {
    const reader = new SectionReader<{ classes: number }>(from, 'metrics');
    const scalars = reader.f64('scalars', 5);
    this.#confusion.set(reader.f64('confusion', this.classes * this.classes));
    this.#bins.set(reader.f64('bins', BINS * 3));
    [this.#outcomes, this.#expired, this.#abstained, this.#logLoss, this.#brier] = scalars as unknown as [
      number, number, number, number, number,
    ];
  }
}
