/** One member of a group: what it has been given, and its way out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, type ForetickError } from '#proto';
import type { GroupOptions, Membership } from '../port.ts';
import type { TaskRun } from './task-run.ts';

/** How long a failure waits for the other tasks of its member before it is reported. */
const FAILURE_WAIT_MS = 5_000;

/** Waits for `work`, but not for ever: a task that is stuck holds nobody up. */
export async function waitAtMost(work: Promise<unknown>, ms: number): Promise<void> {
  const timer = new AbortController();
  const timeout = sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined); // Cleared below.
  await Promise.race([work, timeout]);
  timer.abort();
}

export class GroupMember implements Membership {
  readonly id: string;
  readonly options: GroupOptions;
  /** Those it holds, and those it has still to give up. */
  readonly runs = new Set<TaskRun>();
  readonly #onLeaving: (member: GroupMember) => void;
  #reason: ForetickError | undefined;
  #left: Promise<void> | undefined;

  /** @param onLeaving called once, with `reason` set: the group gives the member's tasks to others */
  constructor(id: string, options: GroupOptions, onLeaving: (member: GroupMember) => void) {
    this.id = id;
    this.options = options;
    this.#onLeaving = onLeaving;
  }

  /** Why its tasks are to stop, once it leaves. */
  get reason(): ForetickError | undefined {
    return this.#reason;
  }

  assignment(): number[] {
    return [...this.runs].filter(({ stopped }) => !stopped).map(({ partition }) => partition).sort((a, b) => a - b);
  }

  leave(): Promise<void> {
    this.#left ??= this.#leave(fail('SHUTTING_DOWN', `The member leaves group "${this.options.group}".`));
    return this.#left;
  }

  /** A task failed for good: the member leaves, and says so when its other tasks have returned. */
  fail(error: unknown, partition: number): void {
    this.#left ??= this.#leave(
      fail('SHUTTING_DOWN', `Another task of group "${this.options.group}" failed.`, { cause: error }),
    );
    void waitAtMost(this.#left, FAILURE_WAIT_MS).then(() => {
      this.options.onFailure(error, partition);
    });
  }

  /** Resolves when each of its tasks has returned or was taken from it. */
  async #leave(reason: ForetickError): Promise<void> {
    this.#reason = reason;
    this.#onLeaving(this);
    await Promise.all([...this.runs].map(({ gone }) => gone));
  }
}
