/** `npm run simulate -- --seeds 1000 [--from 1] [--trace]`: seeds of the simulation, one after another; exit code 1 when one fails. */
import { parseArgs } from 'node:util';

import { planOf } from '../test/simulation/plan.ts';
import { simulate } from '../test/simulation/simulate.ts';

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' }, trace: { type: 'boolean', default: false } } });
const [seeds, from] = [Number(values.seeds), Number(values.from)];
const counts: Record<string, number> = {};
let [steps, failed] = [0, 0];
const started = performance.now();
for (let seed = from; seed < from + seeds; seed++) {
  const outcome = await simulate(planOf(seed));
  steps += outcome.trace.length;
  for (const [name, count] of Object.entries(outcome.counts)) counts[name] = (counts[name] ?? 0) + count;
  if (outcome.problems.length > 0) {
    failed += 1;
    process.stdout.write(`seed ${seed}: ${outcome.problems.join('; ')}\n`);
  }
  if (values.trace) process.stdout.write(`${outcome.trace.join('\n')}\n`);
}
const seconds = (performance.now() - started) / 1000;
const faults = Object.entries(counts).filter(([name]) => name !== 'done' && name !== 'begun').map(([name, count]) => `${count} × ${name}`);
process.stdout.write(`${seeds} seeds from ${from} in ${seconds.toFixed(0)} s, ${steps} operations: ${faults.join(', ')}; ${failed} failed\n`);
if (failed > 0) process.exitCode = 1;
