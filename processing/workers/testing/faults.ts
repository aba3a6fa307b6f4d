/**
 * A queue whose tasks meet a failure that may pass, or are stopped, at the n-th of their calls. They get few records at a
 * time, so that there are many calls to fail.
 */
import { fail } from '#proto';
import type { GroupOptions, Membership, Queue, Task, TaskContext } from '#queue';

const FEW = 3;

export type Call = 'commit' | 'lost commit' | 'poll';

export interface Faults {
  readonly queue: Queue;
  /** Calls of that kind so far. */
  readonly calls: () => number;
}

/**
 * At call number `at` (from 1) and the `times` - 1 after it: `poll` and `commit` fail before they do anything; a `lost commit` is durable,
 * only its answer is lost.
 */
export function withFault(queue: Queue, kind: Call, at: number, times = 1): Faults {
  let calls = 0;
  const due = (): boolean => ++calls >= at && calls < at + times;
  const broken = (): Error => fail('QUEUE_UNAVAILABLE', `injected at ${kind} ${at}`);
  const contextOf = (context: TaskContext): TaskContext =>
    new Proxy(context, {
      get(target, name) {
        if (name === 'poll') {
          return async (options: Parameters<TaskContext['poll']>[0]) => {
            if (kind === 'poll' && due()) throw broken();
            return target.poll({ ...options, maxRecords: FEW });
          };
        }
        if (name === 'commit' && kind !== 'poll') {
          return async (commit: Parameters<TaskContext['commit']>[0]) => {
            const hit = due();
            if (hit && kind === 'commit') throw broken();
            await target.commit(commit);
            if (hit) throw broken();
          };
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
      },
    });
  return { queue: wrapTasks(queue, contextOf), calls: () => calls };
}

/** Calls `stop` once the n-th commit is durable. */
export function withStop(queue: Queue, at: number, stop: () => void): Faults {
  let calls = 0;
  const contextOf = (context: TaskContext): TaskContext =>
    new Proxy(context, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (name === 'poll') return (options: Parameters<TaskContext['poll']>[0]) => target.poll({ ...options, maxRecords: FEW });
        if (name === 'commit') {
          return async (commit: Parameters<TaskContext['commit']>[0]) => {
            await target.commit(commit);
            if (++calls === at) stop();
          };
        }
        return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
      },
    });
  return { queue: wrapTasks(queue, contextOf), calls: () => calls };
}

export function wrapTasks(queue: Queue, contextOf: (context: TaskContext) => TaskContext): Queue {
  const join = (options: GroupOptions): Promise<Membership> =>
    queue.join({
      ...options,
      createTask: (partition): Task => {
        const task = options.createTask(partition);
        return { run: (context) => task.run(contextOf(context)) };
      },
    });
  return new Proxy(queue, {
    get(target, name) {
      if (name === 'join') return join;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}
