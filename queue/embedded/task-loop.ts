/** Runs the task of one partition, and again after failures that may pass. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ForetickError, hasCode } from '#proto';
import type { GroupOptions } from '../port.ts';
import type { Topic } from './catalog.ts';
import { EmbeddedTaskContext } from './context.ts';
import type { Log } from './log.ts';
import { raiseEpoch } from './positions.ts';

export interface TaskLoopOptions {
  readonly log: Log;
  readonly options: GroupOptions;
  readonly topics: readonly Topic[];
  readonly partition: number;
  readonly signal: AbortSignal;
  /** Told of the context of each run, before the task has it. */
  readonly onContext: (context: EmbeddedTaskContext) => void;
}

/** Raises the epoch of a task: whoever held it, a failed run of the same member too, cannot commit any more. */
async function fenceTask(log: Log, group: string, partition: number): Promise<number> {
  let epoch = 0;
  await log.writer.submit({
    records: [],
    write: (writer) => {
      epoch = raiseEpoch(writer, group, partition);
    },
  });
  return epoch;
}

/** Exponential, and a random part of it off, so that tasks that failed together do not return together. */
function backoffMs(failures: number, { initialMs, maxMs }: { initialMs: number; maxMs: number }): number {
  return Math.min(maxMs, initialMs * 2 ** failures) * (0.5 + Math.random() / 2);
}

/** Resolves when the task has ended for good; rejects with an error that is not retriable. */
export async function runTaskLoop(loop: TaskLoopOptions): Promise<void> {
  const { log, options, topics, partition, signal } = loop;
  const stopped = (): boolean => signal.aborted;
  let failures = 0;
  while (!stopped()) {
    let context: EmbeddedTaskContext | undefined;
    try {
      const epoch = await fenceTask(log, options.group, partition);
      if (stopped()) return;
      context = new EmbeddedTaskContext(log, { options, topics, partition, epoch, signal });
      loop.onContext(context);
      await options.createTask(partition).run(context);
      return;
    } catch (error) {
      if (hasCode(error, 'FENCED')) return;
      if (!(error instanceof ForetickError && error.retriable)) throw error;
      // Drained with a failure that may pass: the next owner starts from the last commit.
      if (stopped()) return;
      if (context !== undefined && context.commits > 0) failures = 0;
      const delayMs = backoffMs(failures++, log.settings.backoff);
      options.onRetry?.(error, partition, delayMs);
      await pause(delayMs, signal);
    } finally {
      context?.finish();
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
