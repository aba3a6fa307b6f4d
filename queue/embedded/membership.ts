/** Groups. This driver has one member in a group: another that joins takes all tasks over. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, type ForetickError } from '#proto';
import type { GroupOptions, Membership } from '../port.ts';
import type { Topic } from './catalog.ts';
import type { Log } from './log.ts';
import { checkGroup } from './positions.ts';
import { fenceTasks, runTaskLoop } from './task-loop.ts';

/** How long a failure waits for the other tasks of its member before it is reported. */
const FAILURE_WAIT_MS = 5_000;

/** Waits for `work`, but not for ever: a task that is stuck holds nobody up. */
async function waitAtMost(work: Promise<unknown>, ms: number): Promise<void> {
  const timer = new AbortController();
  const timeout = sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined); // Cleared below.
  await Promise.race([work, timeout]);
  timer.abort();
}

class GroupMember implements Membership {
  readonly #options: GroupOptions;
  readonly #controller = new AbortController();
  readonly #runs = new Map<number, Promise<void>>();
  readonly #onLeft: () => void;
  #markEnded!: () => void;
  /** Resolves when all tasks have returned. */
  readonly ended = new Promise<void>((resolve) => (this.#markEnded = resolve));

  constructor(options: GroupOptions, onLeft: () => void) {
    this.#options = options;
    this.#onLeft = onLeft;
  }

  get stopping(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Once, unless `stop` came first: then there is nothing to run. */
  start(log: Log, topics: readonly Topic[], epochs: readonly number[]): void {
    const { signal } = this.#controller;
    if (!signal.aborted) {
      epochs.forEach((epoch, partition) => {
        const run = runTaskLoop({ log, options: this.#options, topics, partition, epoch, signal });
        this.#runs.set(partition, this.#supervise(run, partition));
      });
    }
    void Promise.all([...this.#runs.values()]).then(() => this.#untilStopped()).then(this.#markEnded);
  }

  assignment(): number[] {
    return this.stopping ? [] : [...this.#runs.keys()];
  }

  stop(reason: ForetickError): void {
    this.#controller.abort(reason);
  }

  async leave(): Promise<void> {
    this.stop(fail('SHUTTING_DOWN', `The member leaves group "${this.#options.group}".`));
    await this.ended;
    this.#onLeft();
  }

  /** Never rejects but for an error of `onFailure` itself. */
  async #supervise(run: Promise<void>, partition: number): Promise<void> {
    try {
      await run;
    } catch (error) {
      this.stop(fail('SHUTTING_DOWN', `Another task of group "${this.#options.group}" failed.`, { cause: error }));
      void this.#report(error, partition);
    }
  }

  async #report(error: unknown, partition: number): Promise<void> {
    await waitAtMost(this.leave(), FAILURE_WAIT_MS);
    this.#options.onFailure(error, partition);
  }

  #untilStopped(): Promise<void> {
    const { signal } = this.#controller;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => { resolve(); }, { once: true });
    });
  }
}

export class Groups {
  readonly #log: Log;
  readonly #members = new Map<string, GroupMember>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Inputs in the order given; TOPIC_MISMATCH unless they are partitioned alike. */
  #inputs({ group, topics: names }: GroupOptions): Topic[] {
    checkGroup(group);
    const topics = names.map((name) => this.#log.catalog.get(name));
    const [first] = topics;
    if (first === undefined) throw fail('INVALID_REQUEST', `Group "${group}" has no input.`);
    for (const { spec } of topics) {
      if (spec.partitions === first.spec.partitions) continue;
      throw fail(
        'TOPIC_MISMATCH',
        `Group "${group}" needs inputs with equally many partitions: "${first.spec.name}" has ${first.spec.partitions}, "${spec.name}" ${spec.partitions}.`,
        { details: { topic: spec.name } },
      );
    }
    return topics;
  }

  async join(options: GroupOptions): Promise<Membership> {
    const { group } = options;
    const topics = this.#inputs(options);
    const before = this.#members.get(group);
    const member = new GroupMember(options, () => {
      if (this.#members.get(group) === member) this.#members.delete(group);
    });
    this.#members.set(group, member);
    try {
      await this.#takeOver(before, group);
      const epochs = await fenceTasks(this.#log, group, topics[0]!.partitions.map(({ index }) => index));
      if (before !== undefined) await waitAtMost(before.ended, this.#log.settings.takeoverWaitMs);
      member.start(this.#log, topics, epochs);
    } catch (error) {
      member.stop(fail('SHUTTING_DOWN', `Joining group "${group}" failed.`, { cause: error }));
      member.start(this.#log, topics, []);
      await member.leave();
      throw error;
    }
    return member;
  }

  /** A member that is leaving may finish; one that is not has lost its tasks. */
  async #takeOver(before: GroupMember | undefined, group: string): Promise<void> {
    if (before === undefined) return;
    if (before.stopping) await waitAtMost(before.ended, this.#log.settings.takeoverWaitMs);
    else before.stop(fail('FENCED', `Another member has joined group "${group}".`));
  }

  async leaveAll(): Promise<void> {
    await Promise.all([...this.#members.values()].map((member) => member.leave()));
  }
}
