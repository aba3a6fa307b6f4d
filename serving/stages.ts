/**
 * How far behind each stage of the pipeline is, and how fast it goes. Workers are not known here: what they did is
 * asked of a provider; the followers of this server are its own. Rates come from counts at two times.
 */
import type { Follower } from './views/follower.ts';

/** What the application tells of one of its stages: counts that only grow, and its lag now. */
export interface StageSample {
  /** Unique and stable: the same stage in every sample. */
  readonly name: string;
  readonly role: 'collector' | 'features' | 'training' | 'serving';
  /** Rows worked through since the process began. */
  readonly rows: number;
  /** Records not yet worked through; null where there is no telling. */
  readonly lagRecords: number | null;
  /** How long the oldest of them has waited; null where there is no telling. */
  readonly lagSeconds: number | null;
  /** A word on what it is doing, shown as it is. */
  readonly state: string;
}

export interface StageStatus extends StageSample {
  /** Rows a second over the last 15 seconds or less; null at the first look. */
  readonly rate: number | null;
}

export type StageProvider = () => Promise<readonly StageSample[]>;

export interface StagesOptions {
  readonly provider: StageProvider;
  readonly followers: readonly Follower[];
  /** Milliseconds that only grow. @default performance.now */
  readonly now?: () => number;
}

const FRESH_MS = 500;
const SPAN_MS = 15_000;

interface Look {
  readonly at: number;
  readonly rows: ReadonlyMap<string, number>;
}

export class Stages {
  readonly #options: StagesOptions;
  readonly #now: () => number;
  #looks: Look[] = [];
  #newest: Promise<StageStatus[]> | undefined;
  #takenAt = -Infinity;

  constructor(options: StagesOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Viewers share one look each half second. */
  status(): Promise<StageStatus[]> {
    const now = this.#now();
    if (this.#newest === undefined || now - this.#takenAt >= FRESH_MS) {
      this.#takenAt = now;
      this.#newest = this.#look(now);
    }
    return this.#newest;
  }

  async #look(at: number): Promise<StageStatus[]> {
    const samples = [...(await this.#options.provider()), ...this.#options.followers.map(sampleOf)];
    this.#looks = this.#looks.filter((look) => at - look.at <= SPAN_MS);
    const before = this.#looks[0];
    this.#looks.push({ at, rows: new Map(samples.map(({ name, rows }) => [name, rows])) });
    return samples.map((sample) => {
      const then = before?.rows.get(sample.name);
      const rate = before === undefined || then === undefined ? null : (Math.max(0, sample.rows - then) / (at - before.at)) * 1000;
      return { ...sample, rate };
    });
  }
}

function sampleOf(follower: Follower): StageSample {
  const { name, folded, lag, ready, connected } = follower;
  const state = !connected ? 'retrying' : ready ? 'following' : 'loading';
  return { name: `view of ${name}`, role: 'serving', rows: folded, lagRecords: lag, lagSeconds: lag === 0 ? 0 : null, state };
}
