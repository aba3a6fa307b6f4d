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
  /** Epoch of the first run; each further one raises it, so that nothing a failed run left can commit. */
  readonly epoch: number;
  readonly signal: AbortSignal;
}

/** Raises the epochs of tasks: whoever held them cannot commit any more. */
export async function fenceTasks(log: Log, group: string, partitions: readonly number[]): Promise<number[]> {
  let epochs: number[] = [];
  await log.writer.submit({
    records: [],
    write: (writer) => {
      epochs = partitions.map((partition) => raiseEpoch(writer, group, partition));
    },
  });
  return epochs;
}

/** Exponential, and a random part of it off, so that tasks that failed together do not return together. */
function backoffMs(failures: number, { initialMs, maxMs }: { initialMs: number; maxMs: number }): number {
  return Math.min(maxMs, initialMs * 2 ** failures) * (0.5 + Math.random() / 2);
}

/** Resolves when the task has ended for good; rejects with an error that is not retriable. */
export async function runTaskLoop({ log, options, topics, partition, epoch, signal }: TaskLoopOptions): Promise<void> {
  const stopped = (): boolean => signal.aborted;
  let failures = 0;
  let current: number | undefined = epoch;
  while (!stopped()) {
    let context: EmbeddedTaskContext | undefined;
    try {
      current ??= (await fenceTasks(log, options.group, [partition]))[0]!;
      context = new EmbeddedTaskContext(log, { options, topics, partition, epoch: current, signal });
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
      current = undefined;
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
