/** One process of a simulation: collector, feature workers and training workers over the disk, until it dies or all is worked through. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createCollector, withMadeUpPosts, type Collector } from '#collectors';
import { compactFeatures } from '#features';
import { groupNames, silentObserver, startFeatureWorker, startTrainingWorker, type WorkerObserver } from '#processing';
import { topicLayout, type TopicLayout } from '#proto';
import type { Membership, Queue } from '#queue';
import { openEmbeddedQueue } from '#queue/embedded';

import type { Random } from '../support/random.ts';
import type { Left } from './differences.ts';
import { readLeft } from './left.ts';
import { INSTRUMENTS, market, marketSource } from './market.ts';
import type { Plan } from './plan.ts';
import { simulatedQueue, type QueueFaults } from './queue.ts';
import { SPECS, TARGET } from './question.ts';
import type { Life, Scheduler } from './scheduler.ts';
import type { Disk } from './store.ts';

export type End = 'finished' | 'crash' | 'stuck';

/** Above it a run hangs, or goes round in circles. */
export const MOST_STEPS = 60_000;
const MOST_IDLE = 200;
/** Decisions between two looks at whether all is worked through. */
const LOOK_EVERY = 20;

export interface PipelineOptions {
  readonly plan: Plan;
  readonly disk: Disk;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly queueFaults: QueueFaults;
  /** What is found to be wrong. */
  readonly problems: string[];
}

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #life: Life;
  readonly #queue: Queue;
  readonly #real: Queue;
  readonly #layout: TopicLayout;
  readonly #kill: () => void;
  #features: Membership[] = [];
  readonly #training: Membership[] = [];
  #collector: Collector | undefined;
  /** Models that have worked again through what was committed before. */
  readonly #caughtUp = new Set<string>();
  #begun = false;

  private constructor(options: PipelineOptions, real: Queue, kill: () => void) {
    this.#options = options;
    this.#real = real;
    this.#kill = kill;
    this.#life = options.scheduler.begin();
    this.#life.busy = () => this.#takingOver();
    this.#queue = simulatedQueue(real, options.scheduler, this.#life, options.queueFaults);
    this.#layout = topicLayout({ prefix: 'sim', inputs: options.plan.inputs, shards: 1 });
  }

  static async open(options: PipelineOptions): Promise<Pipeline> {
    // Only the lock file lies there: each process has a machine of its own, and the disk moves.
    const directory = mkdtempSync(join(tmpdir(), 'foretick-sim-'));
    const { factory, kill } = options.disk.opener();
    try {
      const real = await openEmbeddedQueue({
        directory,
        store: factory,
        backoff: { initialMs: 1, maxMs: 1 },
        takeoverWaitMs: options.plan.takeover === 'at once' ? 1 : 60_000,
        cleanUpIntervalMs: Number.POSITIVE_INFINITY,
        clock: () => 0,
      });
      return new Pipeline(options, real, kill);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** @param acknowledged ends of partitions behind what was answered, held against what is there, and kept up to date */
  async run(acknowledged: Map<string, number>): Promise<End> {
    const { scheduler, problems, plan, random } = this.#options;
    await this.#checkAcknowledged(acknowledged);
    void this.#begin().catch((error: unknown) => { this.#problem('start', error); });
    for (let idle = 0; idle < MOST_IDLE && scheduler.steps < MOST_STEPS && problems.length === 0; ) {
      const step = await scheduler.step();
      if (step === 'crash') return 'crash';
      idle = step === 'idle' ? idle + 1 : 0;
      for (const [place, end] of await this.#ends()) acknowledged.set(place, end);
      if (this.#begun && random.next() < plan.moves) await this.#move();
      if ((step === 'idle' || scheduler.steps % LOOK_EVERY === 0) && (await this.#workedThrough())) return 'finished';
    }
    return 'stuck';
  }

  /** All leave: the last snapshots are written on the way out. Faults go on. */
  async drain(): Promise<End> {
    const { scheduler } = this.#options;
    await scheduler.settle();
    const leaving = [...this.#features, ...this.#training];
    this.#features = [];
    let left = false;
    void Promise.all(leaving.map((membership) => membership.leave())).then(() => { left = true; });
    const gone = (): boolean => left;
    for (let idle = 0; !gone() && idle < MOST_IDLE && scheduler.steps < MOST_STEPS; ) {
      const step = await scheduler.step();
      if (step === 'crash') return 'crash';
      idle = step === 'idle' ? idle + 1 : 0;
    }
    return gone() ? 'finished' : 'stuck';
  }

  readLeft(): Promise<Left> {
    return readLeft(this.#real, this.#layout);
  }

  /** From here on nothing of it reaches the disk. Its loops end by themselves. */
  async die(): Promise<void> {
    this.#kill();
    this.#options.scheduler.end();
    await this.#real.close();
  }

  async #begin(): Promise<void> {
    const { plan, scheduler } = this.#options;
    await this.#queue.ensureTopics(this.#layout.specs());
    const collector = createCollector({
      queue: this.#queue,
      layout: this.#layout,
      source: withMadeUpPosts(marketSource(market(plan.ticks, plan.seed), plan.emissionRows, plan.publishes === 'named'), { seed: plan.seed, perMinute: 120, instruments: INSTRUMENTS }),
      atomicSends: plan.publishes === 'as one',
      // A sleep never rejects, not even that of the dead.
      clock: { now: () => 0, sleep: () => this.#life.park('collector', 'pause', () => Promise.resolve(), false).catch(() => undefined) },
      random: () => 0.5,
      onFailure: (error) => { this.#problem('collector', error); },
    });
    await collector.start();
    this.#collector = collector;
    for (let k = 0; k < plan.members; k++) await this.#addFeatures();
    for (const spec of SPECS) {
      const membership = await startTrainingWorker({
        queue: this.#queue,
        layout: this.#layout,
        spec,
        featureSet: compactFeatures.id,
        featureNames: compactFeatures.names,
        target: TARGET,
        evaluateEvery: plan.evaluateEvery,
        checkpointRows: plan.checkpointRows,
        checkpointIntervalMs: Number.POSITIVE_INFINITY,
        observer: () => this.#observer(spec.name),
        onFailure: (error) => { this.#problem(`training ${spec.name}`, error); },
      });
      this.#training.push(membership);
    }
    this.#begun = true;
    scheduler.note('begun');
  }

  #observer(model: string): WorkerObserver {
    const tell = (caughtUp: boolean): void => {
      if (caughtUp) this.#caughtUp.add(model);
      else this.#caughtUp.delete(model);
    };
    return { ...silentObserver, restored: ({ behind }) => { tell(behind === 0); }, committed: ({ lag }) => { tell(lag === 0); } };
  }

  async #addFeatures(): Promise<void> {
    const { batchRows, checkpointRows } = this.#options.plan;
    const membership = await startFeatureWorker({
      queue: this.#queue,
      layout: this.#layout,
      set: compactFeatures,
      batchRows,
      checkpointRows,
      checkpointIntervalMs: Number.POSITIVE_INFINITY,
      observer: () => silentObserver,
      onFailure: (error) => { this.#problem('features', error); },
    });
    this.#features.push(membership);
  }

  /** A member joins, or the first one leaves. */
  async #move(): Promise<void> {
    const { scheduler } = this.#options;
    await scheduler.settle();
    if (this.#features.length < 2) {
      scheduler.note('a member joins');
      void this.#addFeatures().catch((error: unknown) => { this.#problem('join', error); });
    } else {
      scheduler.note('a member leaves');
      void this.#features.shift()!.leave();
    }
  }

  /** Where an owner is not waited for, it loses its task after a real moment; the seed decides nothing before that is over. */
  #takingOver(): boolean {
    if (this.#options.plan.takeover === 'drained' || this.#features.length === 0) return false;
    const owned = this.#features.reduce((sum, membership) => sum + membership.assignment().length, 0);
    return owned < this.#options.plan.inputs;
  }

  #problem(role: string, error: unknown): void {
    if (this.#life.alive) this.#options.problems.push(`${role}: ${error instanceof Error ? error.message : String(error)}`);
  }

  /** Whatever was once acknowledged is still there. */
  async #checkAcknowledged(acknowledged: ReadonlyMap<string, number>): Promise<void> {
    const ends = await this.#ends();
    for (const [place, before] of acknowledged) {
      const end = ends.get(place) ?? 0;
      if (end < before) this.#options.problems.push(`${place} ends at ${end}; ${before} records were acknowledged`);
    }
  }

  async #ends(): Promise<Map<string, number>> {
    const ends = new Map<string, number>();
    for (const { name } of await this.#real.topics()) for (const { partition, end } of await this.#real.offsets(name)) ends.set(`${name}/${partition}`, end);
    return ends;
  }

  async #workedThrough(): Promise<boolean> {
    if (!this.#begun || this.#collector?.status().state !== 'FINISHED' || this.#caughtUp.size < SPECS.length) return false;
    const groups: [string, string[]][] = [
      [groupNames.features(this.#layout), [this.#layout.name('quotes'), this.#layout.name('posts')]],
      ...SPECS.map(({ name }): [string, string[]] => [groupNames.training(this.#layout, name), [this.#layout.name('features')]]),
    ];
    for (const [group, topics] of groups) {
      for (const topic of topics) {
        const committed = await this.#real.committed(group, topic);
        for (const { partition, end } of await this.#real.offsets(topic)) if (end > 0 && committed.get(partition) !== end) return false;
      }
    }
    return true;
  }
}
