/** A task while one member has it. */
import type { ForetickError } from '#proto';
import type { GroupMember } from './member.ts';
import type { TaskSession } from './task-loop.ts';

/** Runs a task until `signal` aborts, and tells of each session it opens. */
export type StartTask = (signal: AbortSignal, onSession: (session: TaskSession) => void) => Promise<void>;

export class TaskRun {
  readonly member: GroupMember;
  readonly partition: number;
  /** Resolves when the task has returned, or was taken from its member; never rejects. */
  readonly gone: Promise<void>;
  readonly #controller = new AbortController();
  #session: TaskSession | undefined;
  #returned = false;
  #disowned = false;
  #markGone!: () => void;

  constructor(member: GroupMember, partition: number, start: StartTask) {
    this.member = member;
    this.partition = partition;
    this.gone = new Promise((resolve) => (this.#markGone = resolve));
    const onSession = (session: TaskSession): void => {
      this.#session = session;
      if (this.#disowned) session.finish();
    };
    void this.#watch(start(this.#controller.signal, onSession));
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
    this.#session?.finish();
    this.#markGone();
  }

  async #watch(running: Promise<void>): Promise<void> {
    try {
      await running;
    } catch (error) {
      // Once disowned it is nobody's task: an error of it says nothing about the member.
      if (!this.#disowned) this.member.fail(error, this.partition);
    } finally {
      this.#returned = true;
      this.#markGone();
    }
  }
}
