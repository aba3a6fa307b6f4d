/** `foretick evaluate`: models beside baselines over a table, each row predicted before its label is learned. */
import {
  classifierRun,
  compareLosses,
  createModel,
  createRegressor,
  regressorRun,
  summarizeClassifier,
  summarizeRegressor,
  type MeanInterval,
  type ModelSpec,
  type PrequentialRun,
  type RegressorSpec,
  type RunSummary,
  type Score,
} from '#models';

import { BASELINE_KINDS, parseModel, type Spec, type Task } from './models.ts';
import type { TablePlan } from './table.ts';

export interface EvaluateOptions {
  readonly table: TablePlan;
  /** As written; baselines are added. */
  readonly models: readonly string[];
  /** Rows until a label is known. */
  readonly delay: number;
  /** Rows of a window. */
  readonly window: number;
}

export interface ModelEvaluation {
  readonly model: string;
  readonly baseline: boolean;
  readonly scores: Readonly<Record<string, Score>>;
  readonly windows: readonly { readonly from: number; readonly to: number; readonly scores: Readonly<Record<string, number>> }[];
  /** Mean log loss, or squared error, minus that of the best baseline, and its 95 % interval; null for that baseline. */
  readonly versusBaseline: MeanInterval | null;
  /** Predicting and learning, by wall time. */
  readonly rowsPerSecond: number;
}

export interface Evaluation {
  readonly file: string;
  readonly task: Task;
  readonly features: readonly string[];
  readonly classes: readonly string[];
  readonly rows: number;
  readonly delay: number;
  readonly window: number;
  /** The baseline with the lowest mean loss. */
  readonly baseline: string;
  readonly models: readonly ModelEvaluation[];
}

/** What a model of that task is when none is named. */
export function defaultModel({ task, classes }: TablePlan): string {
  if (task === 'regression') return 'linear';
  return classes.length === 2 ? 'logistic' : 'softmax';
}

/** @throws what reading the table throws; CONFIG_INVALID for a model that does not fit */
export async function evaluate({ table, models, delay, window }: EvaluateOptions): Promise<Evaluation> {
  const baselines = BASELINE_KINDS[table.task];
  const specs = [...models, ...baselines.filter((name) => !models.includes(name))].map((text) => parseModel(text, table.task));
  const runs = specs.map((spec) => ({ spec, run: runOf(spec, table, delay), ms: 0 }));
  // One pass: each row goes to every model in turn.
  await table.read((features, truth) => {
    for (const each of runs) {
      const started = performance.now();
      each.run.push(features, truth);
      each.ms += performance.now() - started;
    }
  });
  const summaries = runs.map(({ run }) => run.summary({ window, delay }));
  const mean = (losses: Float64Array): number => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  const isBaseline = (spec: Spec): boolean => baselines.includes(spec.name);
  const best = specs.map((spec, i) => i).filter((i) => isBaseline(specs[i]!)).sort((a, b) => mean(summaries[a]!.losses) - mean(summaries[b]!.losses))[0]!;
  return {
    file: table.file,
    task: table.task,
    features: table.features,
    classes: table.classes,
    rows: table.rows,
    delay,
    window,
    baseline: specs[best]!.name,
    models: runs.map(({ spec, ms }, i) => ({
      model: spec.name,
      baseline: isBaseline(spec),
      scores: summaries[i]!.scores,
      windows: summaries[i]!.windows,
      versusBaseline: i === best ? null : compareLosses(summaries[i]!.losses, summaries[best]!.losses, delay),
      rowsPerSecond: Math.round((1000 * table.rows) / ms),
    })),
  };
}

interface TableRun {
  push(features: Float32Array, truth: number): void;
  summary(options: { window: number; delay: number }): RunSummary<Readonly<Record<string, number>>>;
}

function runOf(spec: Spec, { task, classes, features }: TablePlan, delay: number): TableRun {
  const options = { delay, batch: spec.batch };
  if (task === 'classification') {
    const model = createModel(spec as ModelSpec, { width: features.length, classes: classes.length });
    return summarized(classifierRun(model, options), summarizeClassifier);
  }
  return summarized(regressorRun(createRegressor(spec as RegressorSpec, features.length), options), summarizeRegressor);
}

function summarized<T, S>(run: PrequentialRun<T>, summarize: (rows: T, options: { window: number; delay: number }) => RunSummary<S>): TableRun {
  return {
    push: (features, truth) => { run.push(features, truth); },
    summary: (options) => summarize(run.result(), options) as unknown as RunSummary<Readonly<Record<string, number>>>,
  };
}
