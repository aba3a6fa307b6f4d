/** The queue of one simulated process: the embedded one, every operation of which waits for the scheduler. */
import type { Commit, GroupOptions, Membership, PollOptions, Producer, Queue, ReadOptions, RecordBatch, Task, TaskContext } from '#queue';

import type { Life, Scheduler } from './scheduler.ts';

/** What no honest queue does. A simulation that does not notice is worthless. */
export interface QueueFaults {
  /** Notes that are committed with offsets are gone: a task that comes back does not know what is out already. */
  readonly forgetsNotes?: boolean;
}

export function simulatedQueue(queue: Queue, scheduler: Scheduler, life: Life, faults: QueueFaults = {}): Queue {
  let readers = 0;
  // What a start needs, and ends with an error without, may be cut off by a crash only.
  const administration = <T>(what: string, run: () => Promise<T>): Promise<T> => life.park('administration', what, run, false);
  return {
    ensureTopics: (specs) => administration('ensure topics', () => queue.ensureTopics(specs)),
    topics: () => administration('topics', () => queue.topics()),
    offsets: (topic) => administration('offsets', () => queue.offsets(topic)),
    describe: (topic) => administration('describe', () => queue.describe(topic)),
    committed: (group, topic) => administration('committed', () => queue.committed(group, topic)),
    close: () => queue.close(),
    async producer(): Promise<Producer> {
      const producer = await administration('producer', () => queue.producer());
      return { send: (records) => life.park('producer', 'send', () => producer.send(records)), close: () => producer.close() };
    },
    join: (options) => administration('join', () => join(queue, scheduler, life, options, faults)),
    read: (options) => read(queue, life, options, `reader ${readers++}`),
  };
}

async function* read(queue: Queue, life: Life, options: ReadOptions, actor: string): AsyncGenerator<RecordBatch> {
  const iterator = queue.read(options)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await life.park(actor, 'read', () => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

function join(queue: Queue, scheduler: Scheduler, life: Life, options: GroupOptions, faults: QueueFaults): Promise<Membership> {
  const member = `${options.group} member ${++scheduler.members}`;
  const waiting = new Map<number, () => void>();
  return queue.join({
    ...options,
    createTask: (partition) => {
      waiting.get(partition)?.();
      return task(options.createTask(partition), life, `${member} task ${partition}`, faults);
    },
    // A real pause of a millisecond: the next decision waits until the task begins again.
    onRetry: (error, partition, delayMs) => {
      waiting.set(partition, life.expect());
      options.onRetry?.(error, partition, delayMs);
    },
  });
}

function task(inner: Task, life: Life, actor: string, faults: QueueFaults): Task {
  return { run: (context) => inner.run(contextOf(context, life, actor, faults)) };
}

function contextOf(context: TaskContext, life: Life, actor: string, { forgetsNotes = false }: QueueFaults): TaskContext {
  const kept = ({ metadata, ...rest }: Commit): Commit => (metadata === undefined || forgetsNotes ? rest : { ...rest, metadata });
  return {
    group: context.group,
    partition: context.partition,
    topics: context.topics,
    committed: context.committed,
    metadata: context.metadata,
    signal: context.signal,
    // Nothing yet: asked again later, as a poll that waits would be.
    poll: (options: PollOptions = {}) => life.park(actor, 'poll', () => context.poll({ ...options, maxWaitMs: 0 })),
    seek: (topic, offset) => { context.seek(topic, offset); },
    commit: (commit) => life.park(actor, 'commit', () => context.commit(kept(commit))),
  };
}
