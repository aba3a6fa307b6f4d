/**
 * Predictions of a finished run beside what came true, and scores over all of them or with weights: the bootstrap counts rows several
 * times or not at all. Memory: 8 bytes a class and 22 to 30 a row.
 *
 * Definitions are scikit-learn's: balanced accuracy is the mean recall over classes that came true; F1 of two classes is that of the positive
 * one, of more the mean over all classes seen or said; ROC AUC of more than two classes is the mean of one against the rest.
 */
import { topClass } from '../metrics.ts';

/** Probabilities, row-major, with the class that came true. */
export interface ClassifiedRows {
  readonly classes: number;
  readonly length: number;
  readonly probabilities: Float64Array;
  readonly labels: Uint8Array;
}

/** How often each row counts; null: once. */
export type Weights = Uint32Array | null;

export interface ClassificationScores {
  readonly accuracy: number;
  readonly balancedAccuracy: number;
  readonly f1: number;
  /** NaN where a class never came true, or nothing else did. */
  readonly rocAuc: number;
  /** Natural logarithm. */
  readonly logLoss: number;
  /** Of two classes (p − y)², of more the squared distance to the one-hot label; mean over rows. */
  readonly brier: number;
  /** Expected calibration error of the top class over ten equal bins (Naeini et al., AAAI 2015). */
  readonly calibrationError: number;
}

const BINS = 10;

/** Works out once what every score of the same rows needs. */
export class ClassificationScorer {
  readonly rows: ClassifiedRows;
  readonly tops: Uint8Array;
  /** Of each row: log loss and Brier score. */
  readonly losses: Float64Array;
  readonly briers: Float64Array;
  readonly #orders: readonly Uint32Array[];

  constructor(rows: ClassifiedRows) {
    const { length, classes, probabilities, labels } = rows;
    this.rows = rows;
    this.tops = Uint8Array.from({ length }, (_, i) => topClass(probabilities, i * classes, classes));
    this.losses = Float64Array.from({ length }, (_, i) => -Math.log(probabilities[i * classes + labels[i]!]!));
    this.briers = Float64Array.from({ length }, (_, i) => brierOf(probabilities, i * classes, classes, labels[i]!));
    this.#orders = aucOrders(rows);
  }

  scores(weights: Weights = null): ClassificationScores {
    const { rows: { classes, length, probabilities, labels }, tops, losses, briers } = this;
    const confusion = new Float64Array(classes * classes);
    const apart = new Float64Array(BINS);
    let [total, logLoss, brier] = [0, 0, 0];
    for (let i = 0; i < length; i++) {
      const weight = weights === null ? 1 : weights[i]!;
      if (weight === 0) continue;
      const label = labels[i]!;
      const top = tops[i]!;
      const cell = label * classes + top;
      confusion[cell] = confusion[cell]! + weight;
      total += weight;
      logLoss += weight * losses[i]!;
      brier += weight * briers[i]!;
      const confidence = probabilities[i * classes + top]!;
      const bin = Math.min(BINS - 1, Math.floor(confidence * BINS));
      apart[bin] = apart[bin]! + weight * (confidence - (top === label ? 1 : 0));
    }
    return {
      ...confusionScores(confusion, classes, total),
      rocAuc: rocAuc(this.rows, this.#orders, weights),
      logLoss: logLoss / total,
      brier: brier / total,
      calibrationError: apart.reduce((sum, each) => sum + Math.abs(each), 0) / total,
    };
  }
}

function brierOf(p: Float64Array, at: number, classes: number, label: number): number {
  if (classes === 2) return (p[at + 1]! - label) ** 2;
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += (p[at + c]! - (c === label ? 1 : 0)) ** 2;
  return sum;
}

function confusionScores(confusion: Float64Array, classes: number, total: number): Pick<ClassificationScores, 'accuracy' | 'balancedAccuracy' | 'f1'> {
  let [hits, recalls, present, f1, seen] = [0, 0, 0, 0, 0];
  for (let c = 0; c < classes; c++) {
    const hit = confusion[c * classes + c]!;
    let [actual, said] = [0, 0];
    for (let k = 0; k < classes; k++) {
      actual += confusion[c * classes + k]!;
      said += confusion[k * classes + c]!;
    }
    hits += hit;
    if (actual > 0) {
      recalls += hit / actual;
      present += 1;
    }
    const own = actual + said === 0 ? 0 : (2 * hit) / (actual + said);
    if (classes === 2 && c === 1) return { accuracy: hits / total, balancedAccuracy: recalls / present, f1: own };
    if (actual + said > 0) {
      f1 += own;
      seen += 1;
    }
  }
  return { accuracy: hits / total, balancedAccuracy: recalls / present, f1: f1 / seen };
}

/** Row numbers in ascending order of each class's probability; of two classes the positive one's alone. */
function aucOrders({ classes, length, probabilities }: ClassifiedRows): Uint32Array[] {
  const scored = classes === 2 ? [1] : Array.from({ length: classes }, (_, c) => c);
  return scored.map((c) => Uint32Array.from({ length }, (_, i) => i).sort((a, b) => probabilities[a * classes + c]! - probabilities[b * classes + c]!));
}

/** By ranks, ties counted half (Mann and Whitney 1947; Fawcett, An introduction to ROC analysis, 2006). */
function rocAuc({ classes, probabilities, labels }: ClassifiedRows, orders: readonly Uint32Array[], weights: Weights): number {
  let sum = 0;
  orders.forEach((order, k) => {
    const positive = classes === 2 ? 1 : k;
    let [below, won, positives] = [0, 0, 0];
    for (let from = 0; from < order.length; ) {
      // Rows of one probability: a tie.
      const score = probabilities[order[from]! * classes + positive]!;
      let [tiedPositive, tiedNegative] = [0, 0];
      let to = from;
      for (; to < order.length && probabilities[order[to]! * classes + positive]! === score; to++) {
        const row = order[to]!;
        const weight = weights === null ? 1 : weights[row]!;
        if (labels[row] === positive) tiedPositive += weight;
        else tiedNegative += weight;
      }
      won += tiedPositive * (below + tiedNegative / 2);
      below += tiedNegative;
      positives += tiedPositive;
      from = to;
    }
    sum += positives === 0 || below === 0 ? Number.NaN : won / (positives * below);
  });
  return sum / orders.length;
}

export interface PredictedRows {
  readonly length: number;
  readonly predictions: Float64Array;
  readonly targets: Float64Array;
}

export interface RegressionScores {
  readonly mae: number;
  readonly rmse: number;
  /** Coefficient of determination; NaN where targets do not vary. */
  readonly r2: number;
}

export function regressionScores({ length, predictions, targets }: PredictedRows, weights: Weights = null): RegressionScores {
  let [total, absolute, squared, mean, spread] = [0, 0, 0, 0, 0];
  for (let i = 0; i < length; i++) {
    const weight = weights === null ? 1 : weights[i]!;
    if (weight === 0) continue;
    const error = predictions[i]! - targets[i]!;
    total += weight;
    absolute += weight * Math.abs(error);
    squared += weight * error * error;
    const delta = targets[i]! - mean;
    mean += (weight * delta) / total;
    spread += weight * delta * (targets[i]! - mean);
  }
  return { mae: absolute / total, rmse: Math.sqrt(squared / total), r2: spread > 0 ? 1 - squared / spread : Number.NaN };
}
