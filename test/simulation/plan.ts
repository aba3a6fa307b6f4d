/** What a seed draws: sizes, who works, and what goes wrong. */
import { randomOf } from '../support/random.ts';
import type { FaultRates } from './scheduler.ts';

export interface Plan {
  readonly seed: number;
  readonly ticks: number;
  /** Partitions of quotes and posts. */
  readonly inputs: number;
  readonly emissionRows: number;
  readonly batchRows: number;
  readonly checkpointRows: number;
  readonly evaluateEvery: number;
  /** Feature workers that begin. */
  readonly members: number;
  /** Chance, after an operation, that a feature worker joins or leaves. */
  readonly moves: number;
  /** Whether the owner of a task that moves may drain first, or loses it at once, as a frozen one does. */
  readonly takeover: 'drained' | 'at once';
  readonly faults: FaultRates;
  readonly mostFaults: number;
  /** Whether rows and cursor are published as one, or rows carry names by which what comes twice is dropped. */
  readonly publishes: 'as one' | 'named';
}

export function planOf(seed: number): Plan {
  const random = randomOf(seed);
  const inputs = random.next() < 0.6 ? 1 : random.whole(2, 4);
  return {
    seed,
    ticks: random.whole(200, 500),
    inputs,
    emissionRows: random.whole(5, 60),
    batchRows: random.whole(3, 50),
    checkpointRows: random.whole(10, 120),
    evaluateEvery: random.whole(20, 100),
    members: inputs === 1 ? 1 : random.whole(1, 2),
    moves: random.next() < 0.5 ? 0.02 * random.next() : 0,
    takeover: random.next() < 0.5 ? 'drained' : 'at once',
    faults: { crash: 0.04 * random.next(), refuse: 0.06 * random.next(), lose: 0.06 * random.next(), pause: 0.06 * random.next(), late: 0.3 * random.next(), longestPause: 40 },
    mostFaults: random.whole(3, 30),
    publishes: random.next() < 0.5 ? 'as one' : 'named',
  };
}
