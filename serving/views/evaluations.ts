/** How good each model is: its newest running total, its newest window, and a bounded history of both. */
import { CONTENT_JSON, Evaluation, SCHEMA, decodeJson, fail } from '#proto';
import type { QueueRecord } from '#queue';

import { OrdinalFilter } from './position.ts';

export type Scope = 'total' | 'window';

/** Columns for a chart; `time` is the end of what was evaluated, microseconds of event time. */
export interface EvaluationSeries {
  readonly model: string;
  readonly scope: Scope;
  readonly time: number[];
  readonly outcomes: number[];
  readonly logLoss: number[];
  readonly accuracy: number[];
}

const MOST_POINTS = 600;

/** Keeps the whole span in at most 600 points: when full, every second one goes and the stride doubles. */
class History {
  readonly points: Evaluation[] = [];
  #stride = 1;
  #skipped = 0;

  push(evaluation: Evaluation): void {
    if (++this.#skipped < this.#stride) return;
    this.#skipped = 0;
    this.points.push(evaluation);
    if (this.points.length < MOST_POINTS) return;
    const kept = this.points.filter((_, i) => i % 2 === 1);
    this.points.splice(0, this.points.length, ...kept);
    this.#stride *= 2;
  }
}

interface Scores {
  readonly newest: Map<string, Evaluation>;
  readonly history: History;
}

export class EvaluationsView {
  readonly #models = new Map<string, Record<Scope, Scores>>();
  readonly #filter = new OrdinalFilter();

  apply(record: QueueRecord): void {
    if (record.value === null) return;
    if ((record.headers['content-type'] ?? CONTENT_JSON) !== CONTENT_JSON || (record.headers['schema'] ?? SCHEMA.evaluation) !== SCHEMA.evaluation) {
      throw fail('UNSUPPORTED_SCHEMA', `${String(record.headers['schema'])} on the topic of evaluations`);
    }
    const evaluation = decodeJson(record.value, Evaluation);
    if (evaluation.scope !== 'total' && evaluation.scope !== 'window') return;
    if (!this.#filter.isNew(record.partition, evaluation.task, evaluation.ordinal)) return;
    const scores = this.#scores(evaluation.model)[evaluation.scope];
    scores.newest.set(evaluation.task, evaluation);
    scores.history.push(merge([...scores.newest.values()]));
  }

  models(): string[] {
    return [...this.#models.keys()];
  }

  /** The newest of a model; with several shards their mean, weighted by outcomes. */
  newest(model: string, scope: Scope): Evaluation | undefined {
    const newest = this.#models.get(model)?.[scope].newest;
    return newest && newest.size > 0 ? merge([...newest.values()]) : undefined;
  }

  /** Oldest first. */
  series(filter: { model?: string; scope?: Scope } = {}): EvaluationSeries[] {
    const found: EvaluationSeries[] = [];
    for (const [model, scopes] of this.#models) {
      if (filter.model !== undefined && filter.model !== model) continue;
      for (const scope of ['total', 'window'] as const) {
        if (filter.scope !== undefined && filter.scope !== scope) continue;
        const { points } = scopes[scope].history;
        found.push({
          model,
          scope,
          time: points.map((point) => point.toTimeUs),
          outcomes: points.map((point) => point.outcomes),
          logLoss: points.map((point) => point.logLoss),
          accuracy: points.map((point) => point.accuracy),
        });
      }
    }
    return found;
  }

  #scores(model: string): Record<Scope, Scores> {
    let scores = this.#models.get(model);
    if (!scores) {
      const empty = (): Scores => ({ newest: new Map(), history: new History() });
      scores = { total: empty(), window: empty() };
      this.#models.set(model, scores);
    }
    return scores;
  }
}

/** One evaluation of what several tasks (shards) report of one model. */
function merge(parts: readonly Evaluation[]): Evaluation {
  const [first, ...rest] = parts;
  if (rest.length === 0) return first!;
  const sum = (of: (part: Evaluation) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const outcomes = sum((part) => part.outcomes);
  const mean = (of: (part: Evaluation) => number): number =>
    outcomes === 0 ? 0 : sum((part) => of(part) * part.outcomes) / outcomes;
  return {
    ...first!,
    fromTimeUs: Math.min(...parts.map((part) => part.fromTimeUs)),
    toTimeUs: Math.max(...parts.map((part) => part.toTimeUs)),
    outcomes,
    expired: sum((part) => part.expired),
    abstained: sum((part) => part.abstained),
    logLoss: mean((part) => part.logLoss),
    accuracy: mean((part) => part.accuracy),
    brier: mean((part) => part.brier),
    calibrationError: mean((part) => part.calibrationError),
    confusion: first!.confusion.map((_, i) => sum((part) => part.confusion[i] ?? 0)),
    calibration: first!.calibration.map((_, i) => ({
      count: sum((part) => part.calibration[i]?.count ?? 0),
      sumProbability: sum((part) => part.calibration[i]?.sumProbability ?? 0),
      hits: sum((part) => part.calibration[i]?.hits ?? 0),
    })),
  };
}
