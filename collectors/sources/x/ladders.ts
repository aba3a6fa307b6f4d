/** X's three ladders, which say how long to wait at least: chance makes a wait up to a fifth longer, never shorter. */
import type { Ladder, Ladders } from '../../connect/ladder.ts';

const LONGER = 1.2;

const atLeast = ({ first, step = 0, cap, ...more }: Ladder): Ladder => ({ ...more, first: first * LONGER, step: step * LONGER, cap: cap * LONGER, jitter: 1 - 1 / LONGER });

const NETWORK: Ladder = { first: 250, step: 250, cap: 16_000 };

export const LADDERS: Ladders = {
  unreachable: atLeast(NETWORK),
  // One that stood is opened again at once.
  dropped: atLeast({ immediate: 1, ...NETWORK }),
  silent: atLeast({ immediate: 1, ...NETWORK }),
  'http-error': atLeast({ first: 5000, factor: 2, cap: 320_000 }),
  'rate-limited': atLeast({ first: 60_000, factor: 2, cap: 960_000 }),
};
