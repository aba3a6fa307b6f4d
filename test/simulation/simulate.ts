/**
 * One seed: a market, a pipeline of drawn sizes, and processes that die, pause, are refused and come back, until everything is worked through; then
 * what they left is held against an undisturbed run.
 */
import { randomOf } from '../support/random.ts';
import { differences, type Left } from './differences.ts';
import { MOST_STEPS, Pipeline, type PipelineOptions } from './pipeline.ts';
import type { Plan } from './plan.ts';
import type { QueueFaults } from './queue.ts';
import { SPECS } from './question.ts';
import { NO_FAULTS, Scheduler, type FaultRates } from './scheduler.ts';
import { Disk, type DiskFaults } from './store.ts';

export interface Outcome {
  readonly plan: Plan;
  /** Why it failed; empty when it did not. */
  readonly problems: readonly string[];
  /** What was decided, in order. */
  readonly trace: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

/** Never rejects: what breaks is a problem of its seed. */
export async function simulate(plan: Plan, wrong: DiskFaults & QueueFaults = {}): Promise<Outcome> {
  const disturbed = await worked(plan, plan.faults, wrong);
  const calm = await worked({ ...plan, moves: 0, members: 1 }, NO_FAULTS);
  const problems = [...disturbed.problems, ...calm.problems.map((problem) => `calm run: ${problem}`)];
  if (disturbed.left && calm.left) problems.push(...differences(plan, disturbed.left, calm.left, SPECS.length));
  const { trace, counts } = disturbed.scheduler;
  return { plan, problems, trace, counts };
}

interface Worked {
  readonly scheduler: Scheduler;
  readonly problems: readonly string[];
  readonly left: Left | null;
}

async function worked(plan: Plan, faults: FaultRates, wrong: DiskFaults & QueueFaults = {}): Promise<Worked> {
  const random = randomOf(plan.seed ^ 0x51ed);
  const scheduler = new Scheduler(random, faults, plan.mostFaults);
  const problems: string[] = [];
  let left: Left | null = null;
  try {
    left = await live({ plan, disk: new Disk(wrong), scheduler, random, queueFaults: wrong, problems });
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return { scheduler, problems, left };
}

/** One process after the other. Null: there are problems. */
async function live(options: PipelineOptions): Promise<Left | null> {
  const { scheduler, problems } = options;
  const acknowledged = new Map<string, number>();
  for (;;) {
    const pipeline = await Pipeline.open(options);
    try {
      const ran = await pipeline.run(acknowledged);
      const end = ran === 'finished' ? await pipeline.drain() : ran;
      if (end === 'stuck' && problems.length === 0) problems.push(`is stuck after ${scheduler.steps} of at most ${MOST_STEPS} steps`);
      if (problems.length > 0) return null;
      // The last snapshots may have been refused on the way out: a process that nobody disturbs writes them.
      if (end === 'finished' && !scheduler.calm()) return await pipeline.readLeft();
    } finally {
      await pipeline.die();
    }
  }
}
