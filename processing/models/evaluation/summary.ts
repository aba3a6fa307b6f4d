/** Scores of a run with 95 % intervals, over everything and over windows, and against a baseline. */
import { BlockMeans, type MeanInterval } from '../interval.ts';
import { blockRows, bootstrapIntervals, type Interval } from './bootstrap.ts';
import { ClassificationScorer, regressionScores, type ClassificationScores, type ClassifiedRows, type PredictedRows, type RegressionScores } from './scores.ts';

export interface Score {
  readonly value: number;
  /** 95 %; NaN where there are too few rows for one. */
  readonly low: number;
  readonly high: number;
}

export type Scored<T> = { readonly [K in keyof T]: Score };

export interface WindowScores<T> {
  /** Row numbers, from 0: `from` included, `to` not. */
  readonly from: number;
  readonly to: number;
  readonly scores: T;
}

export interface RunSummary<T> {
  readonly scores: Scored<T>;
  readonly windows: readonly WindowScores<T>[];
  /** Of each row: log loss, or squared error. What two runs are compared by. */
  readonly losses: Float64Array;
}

export interface SummaryOptions {
  /** Rows of a window. */
  readonly window: number;
  readonly delay: number;
}

/**
 * Intervals of means (accuracy, log loss, Brier) are by batch means, of the others by the moving block bootstrap: neighbouring rows of a
 * stream are not independent. Blocks: `blockRows`.
 */
export function summarizeClassifier(rows: ClassifiedRows, { window, delay }: SummaryOptions): RunSummary<ClassificationScores> {
  const scorer = new ClassificationScorer(trimmed(rows));
  const { tops, losses, briers } = scorer;
  const { length, labels, classes, probabilities } = scorer.rows;
  const block = blockRows(length, delay);
  const values = scorer.scores();
  const spread = bootstrapIntervals(length, block, (weights) => scorer.scores(weights));
  const hits = Float64Array.from({ length }, (_, i) => (tops[i] === labels[i] ? 1 : 0));
  return {
    scores: {
      ...withIntervals(values, spread),
      accuracy: meanScore(hits, block),
      logLoss: meanScore(losses, block),
      brier: meanScore(briers, block),
    },
    windows: windowsOf(length, window).map(({ from, to }) => ({
      from,
      to,
      scores: new ClassificationScorer({ classes, length: to - from, labels: labels.subarray(from, to), probabilities: probabilities.subarray(from * classes, to * classes) }).scores(),
    })),
    losses,
  };
}

export function summarizeRegressor(rows: PredictedRows, { window, delay }: SummaryOptions): RunSummary<RegressionScores> {
  const { length } = rows;
  const predictions = rows.predictions.subarray(0, length);
  const targets = rows.targets.subarray(0, length);
  const block = blockRows(length, delay);
  const values = regressionScores(rows);
  const losses = Float64Array.from({ length }, (_, i) => (predictions[i]! - targets[i]!) ** 2);
  const squared = meanScore(losses, block);
  const spread = bootstrapIntervals(length, block, (weights) => regressionScores(rows, weights));
  return {
    scores: {
      ...withIntervals(values, spread),
      mae: meanScore(Float64Array.from({ length }, (_, i) => Math.abs(predictions[i]! - targets[i]!)), block),
      rmse: { value: values.rmse, low: Math.sqrt(Math.max(0, squared.low)), high: Math.sqrt(squared.high) },
    },
    windows: windowsOf(length, window).map(({ from, to }) => ({
      from,
      to,
      scores: regressionScores({ length: to - from, predictions: predictions.subarray(from, to), targets: targets.subarray(from, to) }),
    })),
    losses,
  };
}

/** Mean of `own` minus `other`, row by row, with its 95 % interval: below 0 `own` is better. */
export function compareLosses(own: Float64Array, other: Float64Array, delay: number): MeanInterval {
  const block = blockRows(own.length, delay);
  const means = new BlockMeans(block);
  for (let i = 0; i < own.length; i++) means.add(i, own[i]! - other[i]!);
  return means.interval();
}

function trimmed({ classes, length, probabilities, labels }: ClassifiedRows): ClassifiedRows {
  return { classes, length, probabilities: probabilities.subarray(0, length * classes), labels: labels.subarray(0, length) };
}

function meanScore(values: Float64Array, block: number): Score {
  const means = new BlockMeans(block);
  values.forEach((value, i) => { means.add(i, value); });
  const { mean, low, high } = means.interval();
  return { value: mean, low: finite(low), high: finite(high) };
}

const finite = (value: number): number => (Number.isFinite(value) ? value : Number.NaN);

function withIntervals<T extends Readonly<Record<keyof T, number>>>(values: T, intervals: Readonly<Record<keyof T, Interval>> | null): Scored<T> {
  const names = Object.keys(values) as (keyof T)[];
  return Object.fromEntries(
    names.map((name) => [name, { value: values[name], low: intervals?.[name].low ?? Number.NaN, high: intervals?.[name].high ?? Number.NaN }]),
  ) as unknown as Scored<T>;
}

function windowsOf(length: number, window: number): { from: number; to: number }[] {
  return Array.from({ length: Math.ceil(length / window) }, (_, k) => ({ from: k * window, to: Math.min(length, (k + 1) * window) }));
}
