/** What a disturbed run has left, held against a calm one. */
import type { RunResults } from '#app';

import type { Plan } from './plan.ts';

export interface Left {
  readonly results: RunResults;
  /** Rows of each instrument, in order, without what depends on the others. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
}

/** Against the calm run: with one partition everything is equal, with several each instrument's rows are, and nothing is lost or doubled. */
export function differences({ inputs, ticks }: Plan, own: Left, calm: Left, models: number): string[] {
  const problems: string[] = [];
  for (const topic of ['features', 'predictions', 'outcomes', 'evaluations'] as const) {
    const { repeats, missing, rows, sha256 } = own.results[topic];
    if (repeats + missing > 0) problems.push(`${topic}: ${repeats} repeated, ${missing} missing`);
    const other = calm.results[topic];
    if (inputs === 1 && sha256 !== other.sha256) problems.push(`${topic}: ${rows} rows differ from ${other.rows} of the calm run`);
    if (topic === 'features' && rows !== other.rows) problems.push(`features: ${rows} rows, ${other.rows} in the calm run`);
  }
  if (own.results.predictions.rows !== models * own.results.features.rows) problems.push('a row has not one prediction of each model');
  if (inputs === 1 && own.results.weightsSha256 !== calm.results.weightsSha256) problems.push('final weights differ');
  if (letters(own.results) !== letters(calm.results)) problems.push(`dead letters: ${letters(own.results)}, ${letters(calm.results)} in the calm run`);
  for (const [instrument, rows] of calm.rows) {
    if (own.rows.get(instrument)?.join('\n') !== rows.join('\n')) problems.push(`${instrument}: its rows differ from those of the calm run`);
  }
  const refused = Object.values(calm.results.deadLetters).reduce((a, b) => a + b, 0);
  if (calm.results.features.rows + refused !== ticks) problems.push(`the calm run made ${calm.results.features.rows} rows and ${refused} dead letters of ${ticks} ticks`);
  return problems;
}

const letters = ({ deadLetters }: RunResults): string => Object.entries(deadLetters).map(([code, count]) => `${count} ${code}`).sort().join(', ');

