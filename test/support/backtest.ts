/** Backtests inside the test's process, and what of their results must be equal. */
import { configSchema, runBacktest, type Config, type RunResults } from '#app';
import { pino } from 'pino';

import { INSTRUMENTS } from './recording.ts';

type ConfigInput = Parameters<typeof configSchema.parse>[0];

export interface BacktestSettings {
  readonly file: string;
  readonly directory: string;
  readonly speed?: number | 'max';
  /** Sections laid over those of the defaults. */
  readonly sections?: Readonly<Record<string, unknown>>;
}

/** A configuration like that of `foretick backtest`, with made-up posts. */
export function backtestConfig({ file, directory, speed = 'max', sections = {} }: BacktestSettings): Config {
  const source = {
    name: 'backtest',
    kind: 'replay',
    file,
    speed,
    laps: 1,
    times: 'kept',
    made_up_posts: { per_minute: 60, seed: 7, instruments: [...INSTRUMENTS] },
  };
  const input: ConfigInput = { sources: [source], queue: { directory }, ...sections };
  return configSchema.parse(input);
}

export async function backtest(settings: BacktestSettings): Promise<RunResults> {
  const result = await runBacktest({
    config: backtestConfig(settings),
    logger: pino({ level: 'silent' }),
    signal: new AbortController().signal,
  });
  if (!result.finished) throw new Error('the backtest was interrupted');
  return result.results;
}

const TOPICS = ['features', 'predictions', 'outcomes', 'evaluations'] as const;

export type Digests = Readonly<Record<(typeof TOPICS)[number] | 'weights' | 'models' | 'deadLetters', unknown>>;

/** Everything two runs must agree on: digests, counts, weights of each model. */
export function digestsOf(results: RunResults): Digests {
  const { features, predictions, outcomes, evaluations, weightsSha256, models, deadLetters } = results;
  return { features, predictions, outcomes, evaluations, weights: weightsSha256, models, deadLetters };
}

/** No row twice and none left out, in all topics. */
export function faultsOf(results: RunResults): string[] {
  return TOPICS.flatMap((topic) => {
    const { repeats, missing } = results[topic];
    return repeats + missing > 0 ? [`${topic}: ${repeats} repeated, ${missing} missing`] : [];
  });
}
