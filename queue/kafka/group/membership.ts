/**
 * One member of a group. It goes round:
 *
 * 1. join, saying which tasks it has, and learn which it may run;
 * 2. stop those that are to move, and wait for them; heartbeats go on meanwhile, as they do while handlers run;
 * 3. start those that came;
 * 4. if any was given up, back to 1 at once, so that another gets it; else heartbeats until the coordinator calls for 1.
 *
 * When the coordinator does not know it any more, all its tasks are lost at once: others may have them.
 */
import { fail, hasCode } from '#proto';
import type { GroupOptions, Membership } from '../../port.ts';
import { closedError } from '../../closed.ts';
import { GroupMember, waitAtMost } from '../../tasks/member.ts';
import { TaskRun, type StartTask } from '../../tasks/task-run.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { asQueueError, isPassing, typeOf } from '../cluster/errors.ts';
import { backoffMs, pause } from '../cluster/retry.ts';
import { Coordination } from './coordination.ts';

/** Beyond the time tasks may take to stop, for members to notice and to answer. */
const REBALANCE_MARGIN_MS = 30_000;
const LEAVE_TIMEOUT_MS = 2_000;
const REBALANCING = 'REBALANCE_IN_PROGRESS';
const LOST: ReadonlySet<string> = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID', 'MEMBER_ID_REQUIRED']);

/** The coordinator takes the member to be gone. */
function isLoss(error: unknown): boolean {
  return LOST.has(typeOf(error) ?? '') || hasCode(error, 'FENCED');
}

export interface KafkaMembershipOptions {
  readonly cluster: Cluster;
  readonly options: GroupOptions;
  /** Of each input. */
  readonly partitions: number;
  readonly startTask: (partition: number, membership: KafkaMembership) => StartTask;
  readonly onLeft: (membership: KafkaMembership) => void;
}

export class KafkaMembership implements Membership {
  readonly coordination: Coordination;
  readonly #cluster: Cluster;
  readonly #options: KafkaMembershipOptions;
  readonly #member: GroupMember;
  /** Aborts when the member leaves, once its tasks are gone. */
  readonly #left = new AbortController();
  readonly #joined: Promise<void>;
  #onJoined!: () => void;
  #onRefused!: (error: Error) => void;
  #generation = -1;
  #wasInside = false;
  /** Heartbeats that the coordinator answered well. */
  #beats = 0;
  #beat: () => void = () => undefined;
  readonly #ended: Promise<void>;

  constructor(options: KafkaMembershipOptions) {
    const { cluster, options: group, partitions } = options;
    this.#cluster = cluster;
    this.#options = options;
    this.coordination = new Coordination(cluster, group.group, group.topics, partitions);
    this.#member = new GroupMember('', group, () => { this.#stopAll(); });
    this.#joined = new Promise((resolve, reject) => {
      this.#onJoined = resolve;
      this.#onRefused = reject;
    });
    this.#joined.catch(() => undefined); // `joined` hands it on.
    this.#ended = this.#live();
  }

  /** Resolves when the member is in the group. INVALID_REQUEST, QUEUE_FORBIDDEN or QUEUE_UNAVAILABLE when it does not get in. */
  get joined(): Promise<void> {
    return this.#joined;
  }

  assignment(): number[] {
    return this.#member.assignment();
  }

  async leave(): Promise<void> {
    await this.#member.leave();
    this.#left.abort();
    // A coordinator that says nothing holds nobody up: it misses the member in time.
    await waitAtMost(this.#ended, LEAVE_TIMEOUT_MS * 2);
    this.coordination.close();
  }

  /**
   * Resolves when the coordinator has said, after the call, that the member is still one: a task of it that was fenced by somebody who had
   * been away may then fence in turn.
   */
  async confirmed(signal: AbortSignal): Promise<void> {
    const before = this.#beats;
    while (this.#beats < before + 2 && !signal.aborted && !this.#left.signal.aborted) {
      await pause(this.#cluster.settings.heartbeatIntervalMs / 2, signal);
    }
  }

  /** The time it takes until all have joined again, at most. */
  get #rebalanceTimeoutMs(): number {
    return this.#cluster.settings.takeoverWaitMs + REBALANCE_MARGIN_MS;
  }

  async #live(): Promise<void> {
    const { deliveryTimeoutMs, backoff, events } = this.#cluster.settings;
    const deadline = performance.now() + deliveryTimeoutMs;
    for (let failures = 0; !this.#leaving; ) {
      try {
        if (await this.#round()) failures = 0;
      } catch (error) {
        const delayMs = backoffMs(failures++, backoff);
        // One that is not known any more joins as a new one.
        const refused = !isPassing(error) && typeOf(error) !== REBALANCING && !isLoss(error);
        if (refused || (!this.#wasInside && performance.now() > deadline)) {
          const coded = asQueueError(error, `Group "${this.#options.options.group}" cannot be joined`);
          if (this.#wasInside) this.#member.fail(coded, -1);
          else this.#onRefused(coded);
          break;
        }
        events.onRetry?.(`Group ${this.#options.options.group}`, error as Error, delayMs);
        this.#cluster.suspect(error);
        await pause(delayMs, this.#left.signal);
      }
    }
    // Nothing happens where it has been settled before.
    this.#onRefused(this.#member.reason ?? closedError());
    await this.#bow();
  }

  get #leaving(): boolean {
    return this.#left.signal.aborted;
  }

  /** Joins, moves tasks, then beats until the next call. @returns whether it went well */
  async #round(): Promise<boolean> {
    const began = performance.now();
    const owned = [...this.#member.runs].map(({ partition }) => partition);
    let joined;
    try {
      joined = await this.coordination.join({ owned, generation: this.#generation }, this.#rebalanceTimeoutMs);
    } catch (error) {
      this.#noticeLoss(error);
      throw error;
    }
    if (this.#leaving) return true;
    this.#generation = joined.generation;
    this.#wasInside = true;
    this.#onJoined();
    const revoked = this.#reconcile(joined.partitions);
    const { group } = this.#options.options;
    this.#cluster.settings.events.onRebalance?.(group, { generation: joined.generation, assigned: joined.partitions.length, revoked: revoked.length, ms: performance.now() - began });
    await this.#beatUntil(Promise.all(revoked.map((run) => this.#release(run))), revoked.length > 0);
    return true;
  }

  /** Starts what came. @returns what is to go */
  #reconcile(partitions: readonly number[]): TaskRun[] {
    const runs = [...this.#member.runs];
    const revoked = runs.filter(({ partition }) => !partitions.includes(partition));
    if (this.#member.reason !== undefined) return [];
    for (const partition of partitions) {
      if (runs.some((run) => run.partition === partition)) continue;
      this.#member.runs.add(new TaskRun(this.#member, partition, this.#options.startTask(partition, this)));
    }
    return revoked;
  }

  async #release(run: TaskRun): Promise<void> {
    const { group } = this.#options.options;
    run.stop(this.#member.reason ?? fail('FENCED', `Partition ${run.partition} of group "${group}" moves to another member.`));
    await waitAtMost(run.gone, this.#cluster.settings.takeoverWaitMs);
    if (!run.returned) run.disown();
    this.#member.runs.delete(run);
  }

  /**
   * Until the coordinator calls, or the tasks that were to go are gone, of which there are `some`. Heartbeats go on while tasks are
   * waited for, whatever the coordinator answers: silence would be death.
   */
  async #beatUntil(given: Promise<unknown>, some: boolean): Promise<void> {
    const state = { gone: !some, called: false };
    const over = (): boolean => this.#leaving || (state.gone && (some || state.called));
    void given.then(() => {
      state.gone = true;
      this.#beat();
    });
    while (!over()) {
      await this.#tick();
      if (over()) return;
      try {
        await this.coordination.heartbeat();
        this.#beats += 1;
      } catch (error) {
        state.called ||= typeOf(error) === REBALANCING;
        this.#noticeLoss(error);
        if (isLoss(error)) return;
        if (!state.called && !isPassing(error)) throw error;
        if (isPassing(error)) this.#cluster.suspect(error);
      }
    }
  }

  /** The interval of heartbeats, cut short by `#beat`. */
  async #tick(): Promise<void> {
    const woken = new AbortController();
    this.#beat = () => { woken.abort(); };
    await pause(this.#cluster.settings.heartbeatIntervalMs, AbortSignal.any([woken.signal, this.#left.signal]));
  }

  #noticeLoss(error: unknown): void {
    if (!isLoss(error)) return;
    const { group } = this.#options.options;
    for (const run of this.#member.runs) {
      run.stop(fail('FENCED', `The member was taken to be dead by group "${group}"; its tasks are others' now.`, { cause: error }));
      run.disown();
    }
    this.#member.runs.clear();
    this.coordination.forget();
    this.#generation = -1;
  }

  /** The member leaves: its tasks end, or are taken from it. */
  #stopAll(): void {
    for (const run of this.#member.runs) void this.#release(run);
    void Promise.all([...this.#member.runs].map(({ gone }) => gone)).then(() => { this.#left.abort(); });
  }

  /** Says that it goes, so that others need not wait until they miss it. */
  async #bow(): Promise<void> {
    try {
      await this.#member.leave();
      await waitAtMost(this.coordination.leave(), LEAVE_TIMEOUT_MS);
    } catch (error) {
      this.#cluster.settings.events.onRetry?.(`Leaving group ${this.#options.options.group}`, error as Error, 0);
    } finally {
      this.coordination.close();
      this.#options.onLeft(this);
    }
  }
}
