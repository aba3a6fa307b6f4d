/** Runs the task of one partition, and again after failures that may pass. The same for every driver. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ForetickError, hasCode } from '#proto';
import type { GroupOptions, TaskContext } from '../port.ts';

/** A context as a driver makes it: one run of a task. */
export interface TaskSession extends TaskContext {
  /** How many commits have been made. */
  readonly commits: number;
  /** The run is over: whatever it left behind may not commit any more. */
  finish(): void;
}

export interface TaskLoopOptions {
  readonly options: GroupOptions;
  readonly partition: number;
  readonly signal: AbortSignal;
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
  /** Fences whoever held the task, a failed run of the same member too, and reads what is committed, in this order. */
  readonly open: () => Promise<TaskSession>;
  /** Told of the session of each run, before the task has it. */
  readonly onSession: (session: TaskSession) => void;
  /**
   * A run was fenced, though the task was not taken from the member. Resolves when the task is known to be the member's: it is run
   * again. @default the task is over
   */
  readonly onFenced?: (error: unknown) => Promise<void>;
}

/** Exponential, and a random part of it off, so that tasks that failed together do not return together. */
function backoffMs(failures: number, { initialMs, maxMs }: { initialMs: number; maxMs: number }): number {
  return Math.min(maxMs, initialMs * 2 ** failures) * (0.5 + Math.random() / 2);
}

/** Resolves when the task has ended for good; rejects with an error that is not retriable. */
export async function runTaskLoop(loop: TaskLoopOptions): Promise<void> {
  const { options, partition, signal, backoff, onFenced } = loop;
  const stopped = (): boolean => signal.aborted;
  let failures = 0;
  while (!stopped()) {
    let session: TaskSession | undefined;
    try {
      session = await loop.open();
      if (stopped()) return;
      loop.onSession(session);
      await options.createTask(partition).run(session);
      return;
    } catch (error) {
      const fenced = hasCode(error, 'FENCED');
      if (fenced && onFenced === undefined) return;
      if (!fenced && !(error instanceof ForetickError && error.retriable)) throw error;
      // Drained with a failure that may pass: the next owner starts from the last commit.
      if (stopped()) return;
      if (session !== undefined && session.commits > 0) failures = 0;
      const delayMs = backoffMs(failures++, backoff);
      options.onRetry?.(error, partition, delayMs);
      await pause(delayMs, signal);
      if (fenced && !stopped()) await onFenced?.(error);
    } finally {
      session?.finish();
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
