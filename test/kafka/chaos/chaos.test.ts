/**
 * Separate processes on real brokers give what one process on the embedded queue gives; also when they are killed, frozen, added and
 * removed, brokers go down and are replaced, and the network fails. `npm run chaos -- --runs 100` plays more of it.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';

import type { Digests } from '../../support/backtest.ts';
import { endAll } from '../../support/program.ts';
import { cutRecording, scratchDirectory } from '../../support/recording.ts';
import type { KafkaCluster } from '../runner/cluster.ts';
import { describeCluster } from '../runner/describe.ts';
import { BrokerProxy } from '../runner/proxy.ts';
import { referenceOf, runChaos, type ChaosRun } from './run.ts';

const given = process.env['FORETICK_TEST_SEED'];
const first = given === undefined ? Math.floor(Math.random() * 1e6) : Number(given);

const proxies: BrokerProxy[] = [];
const advertise = async (port: number): Promise<number> => {
  const proxy = await BrokerProxy.open(port);
  proxies.push(proxy);
  return proxy.port;
};

const scratch = scratchDirectory();
let reference: Digests;
let file: string;
beforeAll(async () => {
  file = cutRecording(scratch.path, 4_000);
  reference = await referenceOf(file, join(scratch.path, 'reference'));
}, 120_000);
afterAll(async () => {
  endAll();
  scratch.remove();
  await Promise.all(proxies.map((proxy) => proxy.close()));
});

/** @returns what was wrong, with what was done to it */
async function problemsOf(cluster: KafkaCluster, run: Pick<ChaosRun, 'faults' | 'delivery' | 'network' | 'replace'>): Promise<unknown> {
  process.stdout.write(`chaos: FORETICK_TEST_SEED=${first}\n`);
  const { problems, struck } = await runChaos({ brokers: cluster.bootstrap, cluster, seed: first, directory: scratch.path, file, speed: 4, ...run }, reference);
  return problems.length === 0 ? [] : { problems, struck };
}

describeCluster(
  'roles in processes of their own',
  (cluster) => {
    test('undisturbed, they give the digests of the embedded queue', async () => {
      expect(await problemsOf(cluster(), { faults: 0, delivery: 'transactional' })).toEqual([]);
    }, 400_000);

    test.each(['transactional', 'idempotent'] as const)('under faults, %s, they give the same', async (delivery) => {
      expect(await problemsOf(cluster(), { faults: 5, delivery, network: proxies })).toEqual([]);
    }, 600_000);
  },
  { advertise },
);

describeCluster(
  'roles in processes of their own, on three brokers',
  (cluster) => {
    test('though one is killed for good and a fresh one takes its place, they give the same', async () => {
      expect(await problemsOf(cluster(), { faults: 1, delivery: 'transactional', replace: true })).toEqual([]);
    }, 600_000);
  },
  { brokers: 3 },
);
