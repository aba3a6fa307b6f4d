/** Plain sentences on skill: what the intervals say, and no more. */
import type { ModelResult, RunResults } from '../backtest/results.ts';

/** One plain sentence on skill. */
export function verdict(model: ModelResult, baseline: string | null): string {
  const versus = model.versusBaseline;
  if (model.model === baseline) return `${model.model} is the better of the baselines: what the others are compared with.`;
  if (!versus || baseline === null) return `${model.model}: nothing to compare with.`;
  if (!Number.isFinite(versus.low)) return `${model.model}: too short a recording to say whether it is better than ${baseline}.`;
  if (versus.high < 0) return `${model.model} is better than ${baseline} beyond chance, on this recording.`;
  if (versus.low > 0) return `${model.model} is worse than ${baseline}, on this recording.`;
  return `${model.model} cannot be told from ${baseline} on this recording: the interval holds 0.`;
}

/** The answer to "is there skill?" over all models. */
export function headline({ models, baseline }: RunResults): string {
  const candidates = models.filter((model) => !model.baseline && model.versusBaseline !== null);
  if (baseline === null || candidates.length === 0) return 'Nothing was scored: no statement about skill can be made.';
  const better = candidates.filter(({ versusBaseline }) => versusBaseline!.high < 0).map(({ model }) => model);
  if (candidates.every(({ versusBaseline }) => !Number.isFinite(versusBaseline!.low))) return 'The recording is too short to say whether there is skill.';
  if (better.length === 0) return `No skill is shown: ${candidates.length === 1 ? 'the model does not beat' : 'none of the models beats'} ${baseline} beyond chance on this recording.`;
  const luck = candidates.length > 1 ? ` With ${candidates.length} models compared, the best of them looks better than it is.` : '';
  return `${list(better)} ${better.length === 1 ? 'shows' : 'show'} skill on this recording: better than ${baseline} beyond chance.${luck}`;
}

const list = (names: readonly string[]): string => (names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`);
