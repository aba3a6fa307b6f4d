/** Random numbers from a seed that is printed, so that a failure can be played again. */

export interface Random {
  readonly seed: number;
  /** In [0, 1). */
  readonly next: () => number;
  /** A whole number, from ≤ n ≤ to. */
  readonly whole: (from: number, to: number) => number;
}

/** mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const whole = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return { seed, next, whole };
}

/** Seed from FORETICK_TEST_SEED, else a new one; printed either way. */
export function printedRandom(name: string): Random {
  const given = Number(process.env['FORETICK_TEST_SEED'] ?? Number.NaN);
  const seed = Number.isInteger(given) ? given : Math.floor(Math.random() * 2 ** 31);
  say(`${name}: FORETICK_TEST_SEED=${seed}`);
  return randomOf(seed);
}

/** A line for whoever reads the log of a test run. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
