/** What a report page shows, as plain data: the page only lays it out. */
import type { MeanInterval } from '#models';

import type { ModelResult, RunResults } from '../backtest/results.ts';
import type { Config } from '../config/schema.ts';
import type { Breakdown, Cell } from './breakdown.ts';
import { lossDifference, meanOf, rollingWindows } from './losses.ts';
import { headline, verdict } from './verdict.ts';

/** A value and its 95 % interval; null where there are too few blocks for one. */
export interface Estimate {
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
}

export interface RollingSeries {
  readonly model: string;
  readonly baseline: boolean;
  readonly logLoss: readonly Estimate[];
  readonly accuracy: readonly Estimate[];
  /** Log loss minus the best baseline's; null for that baseline, and where the two are not comparable. */
  readonly difference: readonly (Estimate | null)[] | null;
}

export interface GroupRow {
  readonly name: string;
  readonly predictions: number;
  readonly abstained: number;
  readonly expired: number;
  readonly outcomes: number;
  readonly logLoss: number;
  readonly accuracy: number;
  readonly difference: Estimate | null;
}

export interface ModelSection {
  readonly result: ModelResult;
  readonly verdict: string;
  readonly byInstrument: readonly GroupRow[];
  readonly byHour: readonly GroupRow[];
  readonly abstained: readonly { readonly reason: string; readonly count: number }[];
}

export interface ReportData {
  readonly title: string;
  readonly headline: string;
  readonly about: readonly (readonly [string, string])[];
  readonly baseline: string | null;
  readonly classes: readonly string[];
  readonly rolling: {
    /** End of each window, microseconds of event time. */
    readonly times: readonly number[];
    readonly windowUs: number;
    readonly series: readonly RollingSeries[];
  };
  readonly models: readonly ModelSection[];
  readonly results: RunResults;
}

export interface ReportInput {
  readonly results: RunResults;
  readonly breakdown: Breakdown;
  readonly config: Config;
  readonly title: string;
  readonly about: readonly (readonly [string, string])[];
  readonly classes: readonly string[];
}

export function reportData({ results, breakdown, title, about, classes }: ReportInput): ReportData {
  const { baseline, models } = results;
  const reference = baseline === null ? null : breakdown.of(baseline);
  return {
    title,
    headline: headline(results),
    about,
    baseline,
    classes,
    rolling: rolling(results, breakdown),
    models: models.map((result) => {
      const own = breakdown.of(result.model);
      const rows = (by: 'byInstrument' | 'byHour'): GroupRow[] =>
        [...own[by]].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, cell]) => groupRow(name, cell, result.model === baseline ? undefined : reference?.[by].get(name)));
      return {
        result,
        verdict: verdict(result, baseline),
        byInstrument: rows('byInstrument'),
        byHour: rows('byHour'),
        abstained: [...own.abstained].map(([reason, count]) => ({ reason, count })),
      };
    }),
    results,
  };
}

function rolling({ models, baseline }: RunResults, breakdown: Breakdown): ReportData['rolling'] {
  const scored = models.filter(({ outcomes }) => outcomes > 0);
  const guide = scored[0] && breakdown.of(scored[0].model).all.losses;
  if (!guide) return { times: [], windowUs: 0, series: [] };
  const windows = rollingWindows(guide.times());
  const reference = baseline === null ? undefined : breakdown.of(baseline).all.losses;
  return {
    times: windows.map((window) => window.at(-1)! + guide.blockUs),
    windowUs: (windows[0]?.length ?? 0) * guide.blockUs,
    series: scored.map(({ model, baseline: isBaseline }) => {
      const { losses } = breakdown.of(model).all;
      return {
        model,
        baseline: isBaseline,
        logLoss: windows.map((window) => estimate(meanOf(losses, 'loss', window))),
        accuracy: windows.map((window) => estimate(meanOf(losses, 'hits', window))),
        difference: model === baseline || !reference ? null : windows.map((window) => nullable(lossDifference(losses, reference, window))),
      };
    }),
  };
}

function groupRow(name: string, { predictions, abstained, expired, losses }: Cell, reference: Cell | undefined): GroupRow {
  const { loss, hits, count } = losses.total();
  return {
    name,
    predictions,
    abstained,
    expired,
    outcomes: count,
    logLoss: count === 0 ? 0 : loss / count,
    accuracy: count === 0 ? 0 : hits / count,
    difference: reference && count > 0 ? nullable(lossDifference(losses, reference.losses)) : null,
  };
}

const nullable = (interval: MeanInterval | null): Estimate | null => interval && estimate(interval);

function estimate({ mean, low, high }: MeanInterval): Estimate {
  return { mean, low: Number.isFinite(low) ? low : null, high: Number.isFinite(high) ? high : null };
}
