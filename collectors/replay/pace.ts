/** At which wall time a row of a recording is due. */
import type { Clock } from '../clock.ts';

/** Rows that fall due within this many milliseconds are emitted together. */
const TICK_MS = 20;

export interface Pace {
  /** Milliseconds to wait until recorded time `at` (µs) is due; at most 0: it is due. The first call starts playing. */
  untilDue(at: number): number;
  /** Waits that long, but at least one tick; false when `signal` aborted meanwhile. */
  wait(ms: number, signal: AbortSignal): Promise<boolean>;
}

/** @param speed recorded seconds a second; 'max': never waits */
export function createPace(speed: number | 'max', clock: Clock): Pace {
  let recorded = Number.NaN;
  let started = 0;
  return {
    untilDue(at) {
      if (speed === 'max') return 0;
      if (Number.isNaN(recorded)) {
        recorded = at;
        started = clock.now();
      }
      return started + (at - recorded) / 1000 / speed - clock.now();
    },
    async wait(ms, signal) {
      await clock.sleep(Math.max(ms, TICK_MS), signal);
      return !signal.aborted;
    },
  };
}
