/** The place of one task of a group: who has it, who is to have it, and the way from one to the other. */
import { fail } from '#proto';
import type { Topic } from './catalog.ts';
import type { Log } from './log.ts';
import { waitAtMost, type GroupMember } from '../tasks/member.ts';
import { TaskRun } from '../tasks/task-run.ts';
import { startTask } from './start-task.ts';

/**
 * A task moves in this order: 1. the signal of its owner aborts, 2. the owner returns, or `takeoverWaitMs`
 * have passed, 3. its context is dead, 4. the next owner raises the epoch and begins. A task that stays where
 * it is notices nothing.
 */
export class TaskSlot {
  readonly #log: Log;
  readonly #topics: readonly Topic[];
  readonly #partition: number;
  #owner: GroupMember | undefined;
  #run: TaskRun | undefined;
  #settling = false;
  #wake: () => void = () => undefined;

  constructor(log: Log, topics: readonly Topic[], partition: number) {
    this.#log = log;
    this.#topics = topics;
    this.#partition = partition;
  }

  /** Who is to have the task; undefined: nobody. */
  get owner(): GroupMember | undefined {
    return this.#owner;
  }

  assign(owner: GroupMember | undefined): void {
    this.#owner = owner;
    this.#wake();
    void this.#settle();
  }

  async #settle(): Promise<void> {
    if (this.#settling) return;
    this.#settling = true;
    while (this.#misplaced()) {
      const owner = this.#owner;
      if (this.#run !== undefined) {
        await this.#release(this.#run);
        this.#run = undefined;
      } else if (owner !== undefined) {
        this.#run = new TaskRun(owner, this.#partition, startTask(this.#log, owner.options, this.#topics, this.#partition));
        owner.runs.add(this.#run);
      }
    }
    this.#settling = false;
  }

  #misplaced(): boolean {
    const run = this.#run;
    return run === undefined ? this.#owner !== undefined : run.stopped || run.member !== this.#owner;
  }

  async #release(run: TaskRun): Promise<void> {
    const { member, partition } = run;
    const moves = `Partition ${partition} of group "${member.options.group}" moves to another member.`;
    run.stop(member.reason ?? fail('FENCED', moves));
    await waitAtMost(run.gone, this.#log.settings.takeoverWaitMs);
    // Nobody wants it: a member that leaves may take its time.
    while (!run.returned && this.#owner === undefined) {
      await Promise.race([run.gone, new Promise<void>((resolve) => (this.#wake = resolve))]);
    }
    if (!run.returned) run.disown();
    member.runs.delete(run);
  }
}
