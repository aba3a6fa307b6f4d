/** One source in a process of its own: name, first seed and number of seeds in, what came of it out. */
import { setTimeout as delay } from 'node:timers/promises';

import { CONTRACTS, type ContractName } from './contracts.ts';
import { settle } from './kit/accounts.ts';
import { faultsOf } from './kit/faults.ts';
import { Run } from './kit/run.ts';
import { slope } from './kit/slope.ts';

export interface Soaked {
  readonly runs: number;
  passed: number;
  faults: number;
  happened: number;
  published: number;
  twice: number;
  /** Numbered records that were reported and not fetched. */
  missing: number;
  /** Reports of a time, where there are no numbers. */
  times: number;
  fetched: number;
  restarts: number;
  /** Bytes after the last run, everything collected. */
  held: number;
  /** Bytes a run, from the second to the last: by least squares. */
  rise: number;
  readonly failures: string[];
}

const [, , name = '', first = '7', seeds = '20'] = process.argv;
const options = CONTRACTS[name as ContractName];
const sum: Soaked = { runs: Number(seeds), passed: 0, faults: 0, happened: 0, published: 0, twice: 0, missing: 0, times: 0, fetched: 0, restarts: 0, held: 0, rise: 0, failures: [] };
const held: number[] = [];
for (let seed = Number(first); seed < Number(first) + sum.runs; seed++) {
  await once(seed);
  held.push(await heldNow());
}
sum.held = held.at(-1)!;
sum.rise = slope(held.slice(1));
process.send!(sum, () => { process.exit(0); });

async function once(seed: number): Promise<void> {
  const scenario = faultsOf(options, seed);
  const run = new Run({ ...options, seed });
  try {
    await run.start();
    await run.connected();
    await run.standIn.play(scenario);
    await settle(run).finally(() => count(run));
    sum.faults += scenario.steps.length;
    sum.passed++;
  } catch (error) {
    sum.failures.push(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await run.end();
  }
}

async function count(run: Run): Promise<void> {
  const { rows, gaps } = await run.published();
  sum.happened += run.standIn.ledger.entries.length;
  sum.published += rows.length;
  sum.twice += rows.length - new Set(rows).size;
  for (const { missed, recovered } of gaps) {
    if (missed === 0) sum.times++;
    sum.missing += missed - recovered;
    sum.fetched += recovered;
  }
  sum.restarts += run.collector.status().restarts;
}

/** Bytes that are held when everything is collected. */
async function heldNow(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await delay(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
