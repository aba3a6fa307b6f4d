/**
 * A backtest that may kill itself: `node backtest-child.js <JSON of ChildOptions>`. Prints `killed …` right before
 * it dies, or the digests of its results.
 */
import { writeSync } from 'node:fs';
import { pino } from 'pino';

import { runBacktest } from '#app';
import { openEmbeddedQueue } from '#queue/embedded';

import { backtestConfig, digestsOf, faultsOf, type BacktestSettings } from '../support/backtest.ts';
import { KillingStore, type Kill } from './killing-store.ts';

export interface ChildOptions {
  readonly settings: BacktestSettings;
  readonly kill: Kill | null;
}

const { settings, kill } = JSON.parse(process.argv[2] ?? '') as ChildOptions;
const result = await runBacktest({
  config: backtestConfig(settings),
  logger: pino({ level: 'silent' }),
  signal: new AbortController().signal,
  openQueue: ({ queue: { directory } }) =>
    openEmbeddedQueue({ directory, ...(kill && { store: (path) => new KillingStore(path, kill) }) }),
});
if (result.finished) writeSync(1, JSON.stringify({ digests: digestsOf(result.results), faults: faultsOf(result.results) }));
