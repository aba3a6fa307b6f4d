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
  // A ring of the times at which the last `limit` events are allowed; the oldest bounds the next.
  const times = new Float64Array(limit).fill(-Infinity);
  let next = 0;
  let paused = -Infinity;
  const due = (): number => Math.max(clock.now(), times[next]! + perMs, paused);
  return {
    async take(signal) {
      if (signal.aborted) return;
      // The place is taken now, so that callers keep their order.
      const at = due();
      times[next] = at;
      next = (next + 1) % limit;
      // Waits again where a pause came meanwhile.
      for (let until = at; clock.now() < until && !hasAborted(signal); until = Math.max(at, paused)) {
        await clock.sleep(until - clock.now(), signal);
      }
    },
    wait: () => Math.max(0, due() - clock.now()),
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
