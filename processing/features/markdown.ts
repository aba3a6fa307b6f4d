import type { Feature } from './feature.ts';
import { FeatureEngine } from './engine.ts';
import type { FeatureSet } from './set.ts';

/** How `docs/features.md` is made again. */
export const REGENERATE = 'FORETICK_WRITE_DOCS=1 npm test processing/features/markdown';

/** Text in a cell of a table. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A formula as code: markup in it, and asterisks of its own, stay as they are. */
const code = (text: string): string => `\`${cell(text).replaceAll('`', "'")}\``;

/** A page on the columns of a set: what each is, its unit, formula, source and state, from the declarations. */
export function featuresMarkdown(set: FeatureSet): string {
  const bytes = 8 * new FeatureEngine(set).stateWidth;
  const { events, seconds } = set.warmup;
  const rows = set.features.map(
    ({ name, unit, doc }, k) => `| ${k + 1} | \`${name}\` | ${cell(doc.what)} | ${cell(unit)} | ${code(doc.formula)} |`,
  );
  return `# Features of \`${set.id}\`

${set.names.length} columns, in this order; ${bytes} bytes of state an instrument. A row is warm, worth learning from, after ${events} events over
${seconds} s with a known price. NaN never leaves, values beyond ±1e6 are cut there. This page is made from the declarations by \`${REGENERATE}\`.

*p*: reference price, the mid of the newest two-sided quote, else the last trade or bar price. *r*: its log return at an event.
*Age*: time since, in event time (ticks) or receipt time (posts). Half-lives: after one of them a value weighs half.

| | column | what it says | unit | formula |
|---|---|---|---|---|
${rows.join('\n')}

## Sources

| source | columns |
|---|---|
${sources(set.features).map(([source, names]) => `| ${cell(source)} | ${names.map((name) => `\`${name}\``).join(', ')} |`).join('\n')}
`;
}

function sources(features: readonly Feature[]): [string, string[]][] {
  const bySource = new Map<string, string[]>();
  for (const { name, doc } of features) bySource.set(doc.source, [...(bySource.get(doc.source) ?? []), name]);
  return [...bySource];
}
