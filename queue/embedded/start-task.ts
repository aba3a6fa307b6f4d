/** How the embedded driver runs a task. */
import type { GroupOptions } from '../port.ts';
import { runTaskLoop } from '../tasks/task-loop.ts';
import type { StartTask } from '../tasks/task-run.ts';
import type { Topic } from './catalog.ts';
import { EmbeddedTaskContext } from './context.ts';
import type { Log } from './log.ts';
import { raiseEpoch } from './positions.ts';

export function startTask(log: Log, options: GroupOptions, topics: readonly Topic[], partition: number): StartTask {
  return (signal, onSession) =>
    runTaskLoop({
      options,
      partition,
      signal,
      onSession,
      backoff: log.settings.backoff,
      open: async () => {
        const epoch = await fenceTask(log, options.group, partition);
        return new EmbeddedTaskContext(log, { options, topics, partition, epoch, signal });
      },
    });
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
