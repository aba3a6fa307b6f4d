/** Small tools of the queue's tests. */
import { fail } from '#proto';
import type { GroupOptions, OutputRecord, Queue, QueueRecord, ReadOptions, Task, TaskContext } from '../port.ts';

/** A promise and its ends. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** `promise`, or an error once it took too long: a test that hangs says where. */
export async function within<T>(promise: Promise<T>, what: string, ms = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => { reject(new Error(`Not within ${ms} ms: ${what}`)); }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when `check` passes; rejects with its last failure. A commit is seen a moment after it is durable. */
export async function eventually(check: () => Promise<void> | void, ms = 10_000): Promise<void> {
  for (const deadline = Date.now() + ms; ; ) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

export const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString());

export const valuesOf = (records: readonly QueueRecord[]): (string | null)[] => records.map(({ value }) => text(value));

export async function send(queue: Queue, records: readonly OutputRecord[]): Promise<number[]> {
  const producer = await queue.producer();
  try {
    return await producer.send(records);
  } finally {
    await producer.close();
  }
}

/** All records there are, as a reader without a group sees them. */
export async function readAll(queue: Queue, options: Partial<ReadOptions> & { topic: string }): Promise<QueueRecord[]> {
  const records: QueueRecord[] = [];
  for await (const batch of queue.read({ from: 'earliest', toEnd: true, ...options })) records.push(...batch.records);
  return records;
}

/** Joins with one function for all partitions; failures end up in `failures`. */
export function joinWith(
  options: Omit<GroupOptions, 'createTask' | 'onFailure'>,
  run: (context: TaskContext) => Promise<void>,
): { options: GroupOptions; failures: unknown[] } {
  const failures: unknown[] = [];
  const createTask = (): Task => ({ run });
  return { options: { ...options, createTask, onFailure: (error) => failures.push(error) }, failures };
}

export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => { signal.addEventListener('abort', () => { resolve(); }, { once: true }); });
}

/** An error after which a task is run again. */
export const passing = (): Error => fail('QUEUE_UNAVAILABLE', 'This will pass.');
