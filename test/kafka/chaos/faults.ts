/** What goes wrong in a run, drawn from its seed. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Random } from '../../support/random.ts';
import type { KafkaCluster } from '../runner/cluster.ts';
import type { Fleet, RoleProcess } from './processes.ts';

export const FAULTS = ['kill', 'kill and stay away', 'freeze', 'add', 'remove', 'restart the broker'] as const;
export type FaultName = (typeof FAULTS)[number];

export interface FaultContext {
  readonly fleet: Fleet;
  readonly random: Random;
  /** Brokers of our own, which may be killed. */
  readonly cluster: KafkaCluster | null;
  /** How long a member may be silent before its tasks are moved, ms. */
  readonly sessionMs: number;
  readonly mostFeatures: number;
}

/** Carries one fault out; resolves when what follows may follow. */
export async function strike(context: FaultContext): Promise<FaultName> {
  const { fleet, random, cluster, sessionMs, mostFeatures } = context;
  const fault = FAULTS[random.whole(0, FAULTS.length - (cluster ? 1 : 2))]!;
  const alive = fleet.members.filter(({ frozen }) => !frozen);
  const victim: RoleProcess | undefined = alive[random.whole(0, Math.max(0, alive.length - 1))];
  if (fault === 'add') {
    if (fleet.of('features').length < mostFeatures) fleet.add('features');
  } else if (fault === 'restart the broker') {
    await restartBroker(cluster!, random);
  } else if (fault === 'remove') {
    const features = fleet.of('features').filter(({ frozen }) => !frozen);
    if (features.length > 1) await fleet.drain(features[random.whole(0, features.length - 1)]!);
  } else if (victim && fault === 'freeze') {
    fleet.freeze(victim);
    // Sometimes long enough for its tasks to move: then it wakes up as a zombie, perhaps in the middle of a commit.
    await sleep(random.whole(Math.floor(sessionMs / 4), sessionMs * 2));
    fleet.thaw(victim);
  } else if (victim) {
    await fleet.kill(victim);
    if (fault === 'kill and stay away') await sleep(random.whole(0, sessionMs));
    fleet.add(victim.role);
  }
  return fault;
}

async function restartBroker({ brokers }: KafkaCluster, random: Random): Promise<void> {
  const broker = brokers[random.whole(0, brokers.length - 1)]!;
  await broker.kill();
  await sleep(random.whole(0, 1_500));
  await broker.start();
}
