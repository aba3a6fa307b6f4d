/** Time as sources and the supervisor see it; tests put their own in its place. */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** Milliseconds since the epoch, with a fraction; never goes back. */
  now(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  async sleep(ms, signal) {
    const until = performance.now() + ms;
    try {
      // A longer timer than 2^31 - 1 ms is one of 1 ms.
      for (let left = ms; ; left = until - performance.now()) {
        await delay(Math.min(left, LONGEST_MS), undefined, { signal });
        if (left <= LONGEST_MS) return;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  },
};

/** For loops that wait: the compiler believes that a signal it has seen open stays so. */
export const hasAborted = (signal: AbortSignal): boolean => signal.aborted;
