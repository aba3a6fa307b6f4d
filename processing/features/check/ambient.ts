/**
 * Runs `action` and tells which of the clock and the random numbers it asked for: results may depend on neither. For
 * that time, and synchronously, the globals are replaced; what a module kept of them before (`const { random } = Math`)
 * escapes, and is left to the comparison of two runs.
 */
export function ambientUse(action: () => void): string[] {
  const used = new Set<string>();
  const { Date: RealDate } = globalThis;
  const random = Math.random.bind(Math);
  const now = performance.now.bind(performance);
  class WatchedDate extends RealDate {
    constructor(...args: unknown[]) {
      if (args.length === 0) used.add('new Date()');
      super(...(args as []));
    }
    static override now(): number {
      used.add('Date.now');
      return RealDate.now();
    }
  }
  globalThis.Date = WatchedDate as DateConstructor;
  Math.random = () => {
    used.add('Math.random');
    return random();
  };
  performance.now = () => {
    used.add('performance.now');
    return now();
  };
  const { random: watchedRandom } = Math;
  try {
    action();
  } finally {
    globalThis.Date = RealDate;
    if (Math.random === watchedRandom) Math.random = random;
    performance.now = now;
  }
  return [...used];
}
