/** Trying again, with pauses that grow, are bounded and jittered. */
import { setTimeout as sleep } from 'node:timers/promises';

import { asQueueError, isPassing } from './errors.ts';

export interface Backoff {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** Exponential, and a random part of up to a half off, so that those that failed together do not return together. */
export function backoffMs(failures: number, { initialMs, maxMs }: Backoff): number {
  return Math.min(maxMs, initialMs * 2 ** failures) * (0.5 + Math.random() / 2);
}

/** Ends early, without an error, when `signal` aborts. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}

export interface RetryOptions {
  /** For messages. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  readonly signal?: AbortSignal;
  /** @default errors of connections, and those the protocol calls passing */
  readonly passing?: (error: unknown) => boolean;
  /** Before the pause. */
  readonly onRetry?: (error: unknown, delayMs: number) => void;
}

/** Rejects with a coded error: the first that does not pass, or the last when time is up or `signal` aborts. */
export async function retrying<T>(options: RetryOptions, attempt: () => Promise<T>): Promise<T> {
  const { what, timeoutMs, backoff, signal, passing = isPassing, onRetry } = options;
  const deadline = performance.now() + timeoutMs;
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      const delayMs = backoffMs(failures, backoff);
      if (!passing(error) || signal?.aborted === true || performance.now() + delayMs > deadline) throw asQueueError(error, what);
      onRetry?.(error, delayMs);
      await pause(delayMs, signal);
    }
  }
}
