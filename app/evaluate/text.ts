/** An evaluation for a terminal. */
import Table from 'cli-table3';

import type { Score } from '#models';

import type { Evaluation, ModelEvaluation } from './evaluate.ts';

const NAMES: Readonly<Record<string, string>> = {
  accuracy: 'accuracy', balancedAccuracy: 'balanced accuracy', f1: 'F1', rocAuc: 'ROC AUC', logLoss: 'log loss', brier: 'Brier', calibrationError: 'calibration error',
  mae: 'MAE', rmse: 'RMSE', r2: 'R²',
};
const chars = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
const style = { head: [], border: [] };

const significant = (value: number): string => {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e5 || size < 1e-3) ? value.toExponential(3) : value.toFixed(size >= 100 ? 2 : 4);
};
const signed = (value: number): string => (value > 0 ? '+' : '') + significant(value);
const interval = ({ value, low, high }: Score): string => `${significant(value)}\n${Number.isNaN(low) ? '' : `${significant(low)} … ${significant(high)}`}`;

/** @param last windows shown of each model */
export function evaluationText(evaluation: Evaluation, last: number): string {
  const { models, task, rows, features, classes, delay, file } = evaluation;
  const names = Object.keys(models[0]!.scores);
  const whole = new Table({ head: ['', ...models.map(({ model, baseline }) => model + (baseline ? '\n(baseline)' : ''))], colAligns: ['left', ...models.map(() => 'right' as const)], chars, style });
  for (const name of names) whole.push([NAMES[name] ?? name, ...models.map(({ scores }) => interval(scores[name]!))]);
  whole.push(['rows a second', ...models.map(({ rowsPerSecond }) => String(rowsPerSecond))]);
  const about = task === 'regression' ? 'regression' : `classes ${classes.join(', ')}`;
  const late = delay > 1 ? `, labels known ${delay} rows later` : '';
  return [
    `${file}: ${rows} rows, ${features.length} features, ${about}${late}. Below each score its 95 % interval.`,
    whole.toString(),
    windows(evaluation, last),
    ...models.filter(({ baseline }) => !baseline).map((model) => verdict(model, evaluation)),
  ].join('\n');
}

function windows({ models, task, window }: Evaluation, last: number): string {
  const shown = task === 'regression' ? ['rmse'] : ['accuracy', 'logLoss'];
  const count = models[0]!.windows.length;
  const table = new Table({
    head: ['rows', ...models.flatMap(({ model }) => shown.map((name) => `${model}\n${NAMES[name]!}`))],
    colAligns: ['right', ...models.flatMap(() => shown.map(() => 'right' as const))],
    chars,
    style,
  });
  for (let k = Math.max(0, count - last); k < count; k++) {
    const { from, to } = models[0]!.windows[k]!;
    table.push([`${from + 1} – ${to}`, ...models.flatMap(({ windows: own }) => shown.map((name) => significant(own[k]!.scores[name]!)))]);
  }
  return `The last ${Math.min(count, last)} of ${count} windows of ${window} rows (--json has all, with every score):\n${table.toString()}`;
}

/** One plain sentence on skill. */
function verdict({ model, versusBaseline }: ModelEvaluation, { baseline, task, rows }: Evaluation): string {
  const what = task === 'regression' ? 'squared error' : 'log loss';
  const { mean, low, high } = versusBaseline!;
  if (!Number.isFinite(low)) return `${model}: ${rows} rows are too few to say whether it is better than ${baseline}.`;
  const by = `${what} ${signed(mean)} (95 % interval ${signed(low)} … ${signed(high)}) against ${baseline}, the better baseline`;
  if (high < 0) return `${model} shows skill: ${by}.`;
  if (low > 0) return `${model} is worse than doing without it: ${by}.`;
  return `${model} shows no skill: ${by}; the interval holds 0.`;
}
