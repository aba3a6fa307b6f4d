/**
 * A clock that runs faster than the wall's: vendors' real numbers (5 s to subscribe, 60 s of silence) in short tests. It stands
 * still while this process is kept from running: source and stand-in share it, and a busy machine is no silent vendor.
 */
import { performance } from 'node:perf_hooks';

import type { Clock } from '#collectors';

/** Milliseconds of the wall's clock that count at once, at most. */
const STEP_MS = 4;

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

export interface FastClock extends Clock {
  /** So much time passes at once. */
  pass(ms: number): void;
  /** Nobody sleeps any more. */
  stop(): void;
}

export function fastClock(factor: number): FastClock {
  const sleepers = new Set<Sleeper>();
  let now = Date.now();
  let seen = performance.now();
  const advance = (): void => {
    const wall = performance.now();
    now += Math.min(STEP_MS, wall - seen) * factor;
    seen = wall;
  };
  const tick = setInterval(() => {
    advance();
    for (const sleeper of [...sleepers].filter(({ due }) => due <= now).sort((a, b) => a.due - b.due)) sleeper.wake();
  }, 1);
  return {
    now: () => {
      advance();
      return now;
    },
    sleep(ms, signal) {
      advance();
      return new Promise((resolve) => {
        if (signal.aborted) {
          resolve();
          return;
        }
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { due: now + ms, wake };
        sleepers.add(sleeper);
        signal.addEventListener('abort', wake, { once: true });
      });
    },
    pass(ms) {
      now += ms;
    },
    stop() {
      clearInterval(tick);
      for (const { wake } of [...sleepers]) wake();
    },
  };
}
