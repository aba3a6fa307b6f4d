/**
 * `npm run soak:sources -- [--seeds 20] [--first 7] [--only NAME]... [--jobs 2]`: faults of every kind, seed after seed, for every source that ships,
 * with a table of what came of them. NAME is a part of the name of a contract.
 *
 * Memory: each source has a process of its own, in which one run follows another; what it holds after each, everything collected, should not rise from the
 * second to the last: a rise of 1 MB a run fails. Within a run a stand-in remembers all that happened; what one life of a collector holds is seen by `npm run soak:life`.
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';

import { contractNames, type ContractName } from './contracts.ts';
import type { Soaked } from './soak-child.ts';

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '20' }, first: { type: 'string', default: '7' }, only: { type: 'string', multiple: true, default: [] }, jobs: { type: 'string', default: '2' } } });
const names = contractNames(values.only);
/** Bytes a run: what a run that is over leaves behind is a leak. Healthy sources rise by a fifth of it at most while the compilers settle. */
const LEAK = 1e6;
const write = (text: string): void => { process.stdout.write(`${text}\n`); };

function soaked(name: ContractName): Promise<Soaked> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('soak-child.js', import.meta.url), [name, values.first, values.seeds], { execArgv: ['--expose-gc'] });
    child.once('message', (result: Soaked) => { resolve(result); });
    child.once('exit', (code) => { reject(new Error(`the process of ${name} ended with ${String(code)}`)); });
  });
}

const failed: string[] = [];
write('| Source | Runs | Faults | Happened | Published | Twice | Reported missing | Reported times | Fetched | Restarts | Held after each run, MB | Rise a run, kB |');
write('|---|---|---|---|---|---|---|---|---|---|---|---|');
let begun = 0;
await Promise.all(
  Array.from({ length: Number(values.jobs) }, async () => {
    while (begun < names.length) {
      const name = names[begun++]!;
      try {
        const of = await soaked(name);
        write(`| ${name} | ${of.passed} of ${of.runs} | ${of.faults} | ${of.happened} | ${of.published} | ${of.twice} | ${of.missing} | ${of.times} | ${of.fetched} | ${of.restarts} | ${(of.held / 1e6).toFixed(1)} | ${(of.rise / 1000).toFixed(1)} |`);
        for (const failure of of.failures) write(failure);
        if (of.passed < of.runs || of.rise > LEAK) failed.push(name);
      } catch (error) {
        write(String(error));
        failed.push(name);
      }
    }
  }),
);
process.exit(failed.length === 0 ? 0 : 1);
