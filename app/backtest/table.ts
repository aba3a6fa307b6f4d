/** The report of a backtest for a terminal. */
import Table from 'cli-table3';

import type { Config } from '../config/schema.ts';
import { verdict } from '../report/verdict.ts';
import type { RunResults, TopicResult } from './results.ts';

const fixed = (value: number, digits = 4): string => (Number.isFinite(value) ? value.toFixed(digits) : '–');
/** A head and rows, without a line between every two rows. */
const chars = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
const style = { head: [], border: [] };

const signed = (value: number): string => (value > 0 ? `+${fixed(value)}` : fixed(value));

export function resultsTable(results: RunResults, config: Config): string {
  const { baseline } = results;
  const models = new Table({
    head: ['model', 'outcomes', 'log loss', 'accuracy', 'Brier', 'calibration', `vs ${baseline ?? 'baseline'}`, '95 % interval', 'steps'],
    colAligns: ['left', ...Array.from({ length: 8 }, () => 'right' as const)],
    chars,
    style,
  });
  for (const model of results.models) {
    const versus = model.versusBaseline;
    models.push([
      model.model + (model.baseline ? ' (baseline)' : ''),
      String(model.outcomes),
      fixed(model.logLoss),
      fixed(model.accuracy),
      fixed(model.brier),
      fixed(model.calibrationError),
      versus ? signed(versus.mean) : '',
      versus ? `${signed(versus.low)} … ${signed(versus.high)}` : '',
      String(model.version),
    ]);
  }
  const topics = new Table({ head: ['results', 'rows', 'sha256'], colAligns: ['left', 'right', 'left'], chars, style });
  for (const name of ['features', 'predictions', 'outcomes', 'evaluations'] as const) topics.push(topicRow(name, results[name]));
  topics.push(['final weights', String(results.models.length), results.weightsSha256]);
  const { horizon, dead_band_bps, classes } = config.target;
  const band = classes === 3 ? `, flat within ${dead_band_bps} basis points` : '';
  return [
    `Direction of the price after ${horizon / 1e6} s${band}. Lower log loss, Brier and calibration error are better.`,
    models.toString(),
    ...results.models.filter((model) => !model.baseline).map((model) => verdict(model, baseline)),
    ...counts(results),
    topics.toString(),
  ].join('\n');
}

function topicRow(name: string, { rows, repeats, missing, sha256 }: TopicResult): string[] {
  const faults = [repeats > 0 ? `${repeats} repeated` : '', missing > 0 ? `${missing} missing` : ''].filter((text) => text !== '');
  return [name, [String(rows), ...faults].join(', '), sha256];
}

function counts({ models, deadLetters }: RunResults): string[] {
  const first = models[0];
  const lines: string[] = [];
  if (first) {
    lines.push(`${first.predictions} predictions a model: ${first.outcomes} scored, ${first.abstained} abstained (not warm), ${first.expired} expired, ${first.open} still open at the end.`);
  }
  const letters = Object.entries(deadLetters);
  if (letters.length > 0) lines.push(`Dead letters: ${letters.map(([code, count]) => `${count} ${code}`).join(', ')}.`);
  return lines;
}
