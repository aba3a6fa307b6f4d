/** A task while one member has it. */
import type { ForetickError } from '#proto';
import type { Topic } from './catalog.ts';
import type { EmbeddedTaskContext } from './context.ts';
import type { Log } from './log.ts';
import type { GroupMember } from './member.ts';
import { runTaskLoop } from './task-loop.ts';

export class TaskRun {
  readonly member: GroupMember;
  readonly partition: number;
  /** Resolves when the task has returned, or was taken from its member; never rejects. */
  readonly gone: Promise<void>;
  readonly #controller = new AbortController();
  #context: EmbeddedTaskContext | undefined;
  #returned = false;
  #disowned = false;
  #markGone!: () => void;

  constructor(log: Log, topics: readonly Topic[], member: GroupMember, partition: number) {
    this.member = member;
    this.partition = partition;
    this.gone = new Promise((resolve) => (this.#markGone = resolve));
    const { signal } = this.#controller;
    const onContext = (context: EmbeddedTaskContext): void => {
      this.#context = context;
      if (this.#disowned) context.finish();
    };
    void this.#watch(runTaskLoop({ log, options: member.options, topics, partition, signal, onContext }));
  }

  get stopped(): boolean {
    return this.#controller.signal.aborted;
  }

  get returned(): boolean {
    return this.#returned;
  }

  /** Asks the task to return soon. */
  stop(reason: ForetickError): void {
    this.#controller.abort(reason);
  }

  /** The task did not return: whatever it still does, nothing of it counts. */
  disown(): void {
    this.#disowned = true;
    this.#context?.finish();
    this.#markGone();
  }

  async #watch(loop: Promise<void>): Promise<void> {
    try {
      await loop;
    } catch (error) {
      // Once disowned it is nobody's task: an error of it says nothing about the member.
      if (!this.#disowned) this.member.fail(error, this.partition);
    } finally {
      this.#returned = true;
      this.#markGone();
    }
  }
}
