/**
 * Prequential runs: each row is predicted, and learned from once its label is known (Dawid, Present Position and Potential Developments:
 * the Prequential Approach, 1984; Gama, Sebastião and Rodrigues, On Evaluating Stream Learning Algorithms, 2013).
 */
import type { Model } from '../model.ts';
import type { Regressor } from '../regressor.ts';
import type { ClassifiedRows, PredictedRows } from './scores.ts';

export interface RunOptions {
  /** A label is known when that many rows more have come, before the last of them is predicted; 0 and 1: at once. */
  readonly delay: number;
  /** Labelled rows of one learning step. */
  readonly batch: number;
}

export interface PrequentialRun<T> {
  /** One row, and what will come true of it: a class index or a number. `features` may be reused by the caller. */
  push(features: Float32Array, truth: number): void;
  /** Every prediction beside its truth; the arrays are the run's own. */
  result(): T;
}

interface Row {
  readonly index: number;
  readonly features: Float32Array;
  readonly truth: number;
}

/** Hands rows over for learning, in batches, once their labels are known. */
class Delayed {
  readonly #options: RunOptions;
  readonly #learn: (rows: readonly Row[]) => void;
  #waiting: Row[] = [];
  #head = 0;
  #batch: Row[] = [];

  constructor(options: RunOptions, learn: (rows: readonly Row[]) => void) {
    this.#options = options;
    this.#learn = learn;
  }

  /** Row `index` comes: what is known by now is learned. */
  arrive(index: number): void {
    const waiting = this.#waiting;
    while (this.#head < waiting.length && waiting[this.#head]!.index + this.#options.delay <= index) this.#reveal(waiting[this.#head++]!);
    if (this.#head > 4096) {
      this.#waiting = waiting.slice(this.#head);
      this.#head = 0;
    }
  }

  add(row: Row): void {
    if (this.#options.delay <= 1) this.#reveal(row);
    else this.#waiting.push(row);
  }

  #reveal(row: Row): void {
    this.#batch.push(row);
    if (this.#batch.length < this.#options.batch) return;
    this.#learn(this.#batch);
    this.#batch = [];
  }
}

export function classifierRun(model: Model, options: RunOptions): PrequentialRun<ClassifiedRows> {
  const { classes, width } = model;
  let probabilities = new Float64Array(1024 * classes);
  let labels = new Uint8Array(1024);
  let length = 0;
  const delayed = new Delayed(options, (rows) => {
    const features = new Float32Array(rows.length * width);
    const predicted = new Float64Array(rows.length * classes);
    rows.forEach((row, i) => {
      features.set(row.features, i * width);
      predicted.set(probabilities.subarray(row.index * classes, (row.index + 1) * classes), i * classes);
    });
    model.learn({ length: rows.length, features, predicted, instruments: new Int32Array(rows.length), labels: Uint8Array.from(rows, ({ truth }) => truth) });
  });
  return {
    push(features, truth) {
      const index = length++;
      if (index === labels.length) {
        probabilities = grown(probabilities, new Float64Array(2 * probabilities.length));
        labels = grown(labels, new Uint8Array(2 * labels.length));
      }
      delayed.arrive(index);
      model.predictRow(features, 0, 0, probabilities, index * classes);
      labels[index] = truth;
      delayed.add({ index, features: features.slice(), truth });
    },
    result: () => ({ classes, length, probabilities, labels }),
  };
}

export function regressorRun(model: Regressor, options: RunOptions): PrequentialRun<PredictedRows> {
  const { width } = model;
  let predictions = new Float64Array(1024);
  let targets = new Float64Array(1024);
  let length = 0;
  const delayed = new Delayed(options, (rows) => {
    const features = new Float32Array(rows.length * width);
    rows.forEach((row, i) => { features.set(row.features, i * width); });
    model.learn({ length: rows.length, features, targets: Float64Array.from(rows, ({ truth }) => truth) });
  });
  return {
    push(features, truth) {
      const index = length++;
      if (index === targets.length) {
        predictions = grown(predictions, new Float64Array(2 * predictions.length));
        targets = grown(targets, new Float64Array(2 * targets.length));
      }
      delayed.arrive(index);
      predictions[index] = model.predictRow(features, 0);
      targets[index] = truth;
      delayed.add({ index, features: features.slice(), truth });
    },
    result: () => ({ length, predictions, targets }),
  };
}

function grown<T extends Float64Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
