/**
 * Vendors' caps. One limiter stands for one cap and is shared by everything in the process that counts towards it; with
 * several replicas each takes its part, so that together they stay under the cap.
 */
import { hasAborted, type Clock } from '../clock.ts';

export interface Cap {
  /** Events allowed... */
  readonly limit: number;
  /** ...in any window of so many milliseconds. */
  readonly perMs: number;
}

export interface Limiter {
  /** Resolves when the next event is allowed, in the order of the calls; at once when `signal` aborts. */
  take(signal: AbortSignal): Promise<void>;
  /** Milliseconds until the next event is allowed, counting those that wait. */
  wait(): number;
  /** The vendor said to keep still for so long (Retry-After, a reset header). */
  pause(ms: number): void;
}

/** A part of the cap: the same rate divided, and at least one event a (then longer) window. */
export function partOf({ limit, perMs }: Cap, replicas: number): Cap {
  const own = Math.floor(limit / replicas);
  return own >= 1 ? { limit: own, perMs } : { limit: 1, perMs: (perMs * replicas) / limit };
}

/** Exact: keeps the times of the events of one window, `limit` numbers. */
export function createLimiter({ limit, perMs }: Cap, clock: Clock): Limiter {
  // A ring of the times of the last `limit` events; the oldest bounds the next.
  const times = new Float64Array(limit).fill(-Infinity);
  let next = 0;
  let paused = -Infinity;
  let waiting = 0;
  /** The last of those that wait, one behind the other: a pause holds up all of them, and lets them go one by one. */
  let last = Promise.resolve();
  const due = (): number => Math.max(clock.now(), times[next]! + perMs, paused);

  async function pass(signal: AbortSignal): Promise<void> {
    for (let at = due(); clock.now() < at && !hasAborted(signal); at = due()) await clock.sleep(at - clock.now(), signal);
    waiting--;
    if (hasAborted(signal)) return;
    times[next] = clock.now();
    next = (next + 1) % limit;
  }

  return {
    async take(signal) {
      if (signal.aborted) return;
      waiting++;
      const passed = last.then(() => pass(signal));
      last = passed;
      let stop = (): void => undefined;
      const aborted = new Promise<void>((resolve) => (stop = resolve));
      signal.addEventListener('abort', stop);
      await Promise.race([passed, aborted]);
      signal.removeEventListener('abort', stop);
    },
    wait() {
      const upTo = [...times.subarray(next), ...times.subarray(0, next)];
      for (let i = 0; i <= waiting; i++) upTo.push(Math.max(clock.now(), upTo.at(-limit)! + perMs, paused));
      return Math.max(0, upTo.at(-1)! - clock.now());
    },
    pause(ms) {
      paused = Math.max(paused, clock.now() + ms);
    },
  };
}

/** The limiters of one process, by name of the cap. */
export interface Limits {
  /** The same limiter for the same name, always. */
  of(name: string, cap: Cap): Limiter;
}

/** @param replicas processes that share each cap @default 1 */
export function createLimits(clock: Clock, replicas = 1): Limits {
  const limiters = new Map<string, Limiter>();
  return {
    of(name, cap) {
      let limiter = limiters.get(name);
      if (!limiter) {
        limiter = createLimiter(partOf(cap, replicas), clock);
        limiters.set(name, limiter);
      }
      return limiter;
    },
  };
}
