/**
 * 50 seeds of whole pipelines under faults. One that fails is played again, with its schedule, by
 * `FORETICK_TEST_SEED=… FORETICK_TEST_TRACE=1 npm test -- test/simulation`; a thousand run with `npm run simulate`.
 */
import { expect, test } from '@jest/globals';

import { planOf } from './plan.ts';
import { simulate, type Outcome } from './simulate.ts';

const given = process.env['FORETICK_TEST_SEED'];
const first = given === undefined ? Math.floor(Math.random() * 1e9) : Number(given);
const seeds = Array.from({ length: given === undefined ? Number(process.env['FORETICK_TEST_SEEDS'] ?? 50) : 1 }, (_, i) => first + i);

const told = ({ plan, problems, trace }: Outcome): string =>
  `FORETICK_TEST_SEED=${plan.seed}: ${problems.join('; ')}${process.env['FORETICK_TEST_TRACE'] === undefined ? '' : `\n${trace.join('\n')}`}`;

test('crashes, pauses, refusals, late and lost answers at every await, members that come and go, change nothing of what is left', async () => {
  process.stdout.write(`simulation: FORETICK_TEST_SEED=${first}${seeds.length > 1 ? ` and the ${seeds.length - 1} after it` : ''}\n`);
  const failed: string[] = [];
  const counts = new Map<string, number>();
  for (const seed of seeds) {
    const outcome = await simulate(planOf(seed));
    if (outcome.problems.length > 0) failed.push(told(outcome));
    for (const [name, count] of Object.entries(outcome.counts)) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  expect(failed).toEqual([]);
  if (seeds.length < 50) return;
  const few = ['crash before', 'crash after', 'refused', 'done, answer lost', 'done, answer late', 'pause', 'a member joins'].filter((name) => (counts.get(name) ?? 0) < 10);
  expect(few).toEqual([]);
}, 600_000);

test('a seed gives one schedule', async () => {
  for (const seed of [first, first + 1, first + 2, first + 3]) {
    const [one, other] = [await simulate(planOf(seed)), await simulate(planOf(seed))];
    expect(one.trace.join('\n')).toBe(other.trace.join('\n'));
  }
}, 120_000);

test.each([{ forgetful: true }, { torn: true }, { forgetsNotes: true }])('it can fail: a queue that is %j is found out', async (wrong) => {
  let found = false;
  for (let seed = 1; seed <= 40 && !found; seed++) {
    const { problems, trace } = await simulate(planOf(seed), wrong);
    found = problems.length > 0 && trace.some((step) => step.startsWith('crash'));
  }
  expect(found).toBe(true);
}, 120_000);
