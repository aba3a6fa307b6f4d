/**
 * One run of separate processes under faults, held against an undisturbed run on the embedded queue: with one input partition a shard,
 * every row, prediction, outcome and evaluation and the final weights are equal.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';

import { readResults } from '#app';
import { readCursor } from '#collectors';
import { topicLayout, type TopicLayout } from '#proto';
import type { Queue } from '#queue';
import { openKafkaQueue, type Delivery } from '#queue/kafka';

import { backtest, digestsOf, faultsOf, type Digests } from '../../support/backtest.ts';
import { randomOf } from '../../support/random.ts';
import { INSTRUMENTS } from '../../support/recording.ts';
import type { KafkaCluster } from '../runner/cluster.ts';
import type { BrokerProxy } from '../runner/proxy.ts';
import { REPLACE, drawFault, type FaultContext } from './faults.ts';
import { Fleet } from './processes.ts';

export interface ChaosRun {
  readonly brokers: readonly string[];
  /** Brokers that may be killed, too. */
  readonly cluster: KafkaCluster | null;
  /** What stands before the brokers, and may be disturbed. @default nothing */
  readonly network?: readonly BrokerProxy[];
  /** Whether one of three brokers is replaced in the middle of it. @default false */
  readonly replace?: boolean;
  readonly seed: number;
  readonly delivery: Delivery;
  /** Folder for the configuration. */
  readonly directory: string;
  /** A cut recording. */
  readonly file: string;
  /** Recorded seconds a second. */
  readonly speed: number;
  readonly faults: number;
}

export interface ChaosOutcome {
  readonly struck: readonly string[];
  readonly problems: readonly string[];
  readonly seconds: number;
}

const SESSION_MS = 2_000;
const DEADLINE_MS = 300_000;
export const MODELS = ['softmax', 'prior', 'persistence'];

/** What both runs have: small steps, so that faults fall between many commits and checkpoints. */
const SECTIONS = {
  features: { batch_rows: 200, checkpoint_rows: 900, checkpoint_interval: '1s' },
  training: { checkpoint_rows: 700, checkpoint_interval: '1s', evaluate_every: 100 },
  target: { horizon: '2s' },
} as const;

/** Of an undisturbed run. */
export async function referenceOf(file: string, directory: string): Promise<Digests> {
  return digestsOf(await backtest({ file, directory, sections: SECTIONS }));
}

export async function runChaos(run: ChaosRun, reference: Digests): Promise<ChaosOutcome> {
  const { brokers, cluster, network = [], replace = false, seed, faults } = run;
  const began = performance.now();
  const layout = topicLayout({ prefix: `chaos-${process.pid.toString(36)}-${seed}-${Date.now().toString(36)}`, inputs: 1, shards: 1 });
  const random = randomOf(seed);
  const fleet = new Fleet(configurationOf(run, layout));
  const queue = await openKafkaQueue({ brokers });
  const struck: string[] = [];
  try {
    for (const role of ['collect', 'features', 'features', 'train', 'train'] as const) fleet.add(role);
    const context: FaultContext = { fleet, random, cluster, network, sessionMs: SESSION_MS, mostFeatures: 3 };
    for (let i = 0; i < faults; i++) {
      await sleep(random.whole(200, 1_500));
      const fault = replace && i === Math.floor(faults / 2) ? REPLACE : drawFault(context);
      struck.push(fault.name);
      await fault.strike(context);
    }
    const late = !(await workedThrough(queue, layout, performance.now() + DEADLINE_MS));
    await fleet.end();
    const problems = [...fleet.problems, ...(late ? [`not worked through in ${DEADLINE_MS / 1000} s`] : await differences(queue, layout, reference, run.delivery))];
    return { struck, problems, seconds: (performance.now() - began) / 1000 };
  } finally {
    await fleet.end();
    await queue.close();
  }
}

/** Writes the configuration of all processes. @returns its path */
function configurationOf({ brokers, delivery, directory, file, speed }: ChaosRun, { prefix }: TopicLayout): string {
  const path = join(directory, `${prefix}.yaml`);
  // A broker may take a minute to come back on a busy machine; a process that is starting meanwhile is to wait for it.
  const kafka = { brokers: [...brokers], delivery, session_timeout: `${SESSION_MS}ms`, heartbeat_interval: '200ms', takeover_wait: '3s', transaction_timeout: '4s', request_timeout: '3s', connect_timeout: '2s', delivery_timeout: '3m' };
  const madeUp = { per_minute: 60, seed: 7, instruments: [...INSTRUMENTS] };
  const source = { name: 'backtest', kind: 'replay', file, speed, laps: 1, times: 'kept', made_up_posts: madeUp };
  writeFileSync(path, stringify({ ...SECTIONS, queue: { driver: 'kafka', kafka }, topics: { prefix, partitions: 1, shards: 1 }, sources: [source], lifecycle: { grace: '30s' } }));
  return path;
}

/** With idempotent delivery a row may stand twice in the log after a crash, equal both times; whoever reads drops the second, as `readResults` does. */
async function differences(queue: Queue, layout: TopicLayout, reference: Digests, delivery: Delivery): Promise<string[]> {
  const read = await readResults({ queue, layout, horizonUs: 2e6, classes: 3, baselines: ['prior', 'persistence'], models: MODELS });
  const once = <T extends { repeats: number }>(topic: T): T => (delivery === 'idempotent' ? { ...topic, repeats: 0 } : topic);
  const results = { ...read, features: once(read.features), predictions: once(read.predictions), outcomes: once(read.outcomes), evaluations: once(read.evaluations) };
  const digests = digestsOf(results);
  const keys = Object.keys(reference) as (keyof Digests)[];
  const unequal = keys.filter((key) => JSON.stringify(digests[key]) !== JSON.stringify(reference[key]));
  return [...faultsOf(results), ...unequal.map((key) => `${key} differ: ${JSON.stringify(digests[key])}, undisturbed ${JSON.stringify(reference[key])}`)];
}

/** Waits until the recording is played and everybody has dealt with it. @returns false when that takes too long */
export async function workedThrough(queue: Queue, layout: TopicLayout, deadline: number): Promise<boolean> {
  const groups: [string, string[]][] = [
    [`${layout.prefix}.features`, [layout.name('quotes'), layout.name('posts')]],
    ...MODELS.map((model): [string, string[]] => [`${layout.prefix}.training.${model}`, [layout.name('features')]]),
  ];
  for (let quiet = 0; quiet < 3; ) {
    if (performance.now() > deadline) return false;
    await sleep(300);
    const done = (await finished(queue, layout)) && (await caughtUp(queue, groups));
    quiet = done ? quiet + 1 : 0;
  }
  return true;
}

async function finished(queue: Queue, layout: TopicLayout): Promise<boolean> {
  const topics = await queue.topics();
  if (!topics.some(({ name }) => name === layout.name('cursors'))) return false;
  return (await readCursor(queue, layout, 'backtest'))?.finished ?? false;
}

async function caughtUp(queue: Queue, groups: readonly [string, string[]][]): Promise<boolean> {
  for (const [group, topics] of groups) {
    for (const topic of topics) {
      const committed = await queue.committed(group, topic);
      for (const { partition, end } of await queue.offsets(topic)) if (end > 0 && (committed.get(partition) ?? 0) < end) return false;
    }
  }
  return true;
}
