/** What goes wrong in a run, drawn from its seed. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Random } from '../../support/random.ts';
import type { KafkaCluster } from '../runner/cluster.ts';
import { API, type BrokerProxy, type Way } from '../runner/proxy.ts';
import { replaceBroker } from '../runner/replace.ts';
import type { Fleet, RoleProcess } from './processes.ts';

export interface FaultContext {
  readonly fleet: Fleet;
  readonly random: Random;
  /** Brokers of our own, which may be killed. */
  readonly cluster: KafkaCluster | null;
  /** What stands between them and their clients. */
  readonly network: readonly BrokerProxy[];
  /** How long a member may be silent before its tasks are moved, ms. */
  readonly sessionMs: number;
  readonly mostFeatures: number;
}

interface Fault {
  readonly name: string;
  possible(context: FaultContext): boolean;
  /** Resolves when what follows may follow. */
  strike(context: FaultContext): Promise<void>;
}

const always = (): boolean => true;
const hasBrokers = ({ cluster }: FaultContext): boolean => cluster !== null;
const hasNetwork = ({ network }: FaultContext): boolean => network.length > 0;
const one = <T>(random: Random, of: readonly T[]): T | undefined => of[random.whole(0, Math.max(0, of.length - 1))];
const awake = ({ fleet }: FaultContext): RoleProcess[] => fleet.members.filter(({ frozen }) => !frozen);

async function kill(context: FaultContext, away: (context: FaultContext) => number): Promise<void> {
  const victim = one(context.random, awake(context));
  if (!victim) return;
  await context.fleet.kill(victim);
  await sleep(away(context));
  context.fleet.add(victim.role);
}

/** Of one broker, for a while. */
async function disturbed(context: FaultContext, begin: (proxy: BrokerProxy) => void, end: (proxy: BrokerProxy) => void): Promise<void> {
  const proxy = one(context.random, context.network)!;
  begin(proxy);
  await sleep(context.random.whole(200, 2_000));
  end(proxy);
}

const FAULTS: readonly Fault[] = [
  { name: 'kill', possible: always, strike: (context) => kill(context, () => 0) },
  { name: 'kill and stay away', possible: always, strike: (context) => kill(context, ({ random, sessionMs }) => random.whole(0, sessionMs)) },
  {
    name: 'freeze',
    possible: always,
    strike: async (context) => {
      const { fleet, random, sessionMs } = context;
      const victim = one(random, awake(context));
      if (!victim) return;
      fleet.freeze(victim);
      // Sometimes long enough for its tasks to move: then it wakes up as a zombie, perhaps in the middle of a commit.
      await sleep(random.whole(Math.floor(sessionMs / 4), sessionMs * 2));
      fleet.thaw(victim);
    },
  },
  {
    name: 'add',
    possible: ({ fleet, mostFeatures }) => fleet.of('features').length < mostFeatures,
    strike: ({ fleet }) => {
      fleet.add('features');
      return Promise.resolve();
    },
  },
  {
    name: 'remove',
    possible: ({ fleet }) => fleet.of('features').length > 1,
    strike: ({ fleet, random }) => fleet.drain(one(random, fleet.of('features'))!),
  },
  {
    name: 'restart the broker',
    possible: hasBrokers,
    strike: async ({ cluster, random }) => {
      const broker = one(random, cluster!.brokers)!;
      await broker.kill();
      await sleep(random.whole(0, 1_500));
      await broker.start();
    },
  },
  { name: 'cut connections', possible: hasNetwork, strike: (context) => disturbed(context, (proxy) => { proxy.cut(); }, () => undefined) },
  {
    name: 'refuse connections',
    possible: hasNetwork,
    strike: (context) =>
      disturbed(
        context,
        (proxy) => {
          proxy.refuse(true);
          proxy.cut();
        },
        (proxy) => { proxy.refuse(false); },
      ),
  },
  {
    name: 'slow the network',
    possible: hasNetwork,
    strike: (context) => {
      const ms = context.random.whole(10, 300);
      return disturbed(context, (proxy) => { proxy.delay(ms); }, (proxy) => { proxy.delay(0); });
    },
  },
  {
    name: 'half-open connections',
    possible: hasNetwork,
    strike: ({ network, random }) => {
      const ways: readonly Way[] = one<readonly Way[]>(random, [['requests'], ['answers'], ['requests', 'answers']])!;
      one(random, network)!.halfOpen(...ways);
      return Promise.resolve();
    },
  },
  {
    name: 'lose an answer',
    possible: hasNetwork,
    strike: (context) => {
      const api = one(context.random, Object.values(API));
      let left = 1;
      return disturbed(context, (proxy) => { proxy.loseAnswers((key) => key === api && left-- > 0); }, (proxy) => { proxy.loseAnswers(() => false); });
    },
  },
];

/** One broker of three is killed for good; a fresh one, on empty data, takes its place. Never drawn: a run says when. */
export const REPLACE: Fault = {
  name: 'replace a broker',
  possible: ({ cluster }) => (cluster?.brokers.length ?? 0) > 2,
  strike: async ({ cluster, random }) => {
    await replaceBroker(cluster!, one(random, cluster!.brokers)!);
  },
};

/** One that is possible now. */
export function drawFault(context: FaultContext): Fault {
  return one(context.random, FAULTS.filter((fault) => fault.possible(context)))!;
}
