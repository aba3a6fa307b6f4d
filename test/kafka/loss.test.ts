/** No acknowledged record is lost, doubled or out of order. `npm run soak:kafka` repeats the same runs. */
import { afterAll, expect, test } from '@jest/globals';

import { printedRandom } from '../support/random.ts';
import { carelessSender, killLeader, loseAnswers, type LossRun } from './loss.ts';
import { describeCluster } from './runner/describe.ts';
import { proxies } from './runner/proxy.ts';

const CLEAN = { lost: [], doubled: [], disordered: [], failures: [] };

function expectClean(run: LossRun): void {
  expect(run).toMatchObject(CLEAN);
  expect(run.faults).toBeGreaterThan(0);
  // All were acknowledged: none is in the log that was not.
  expect(run.read).toBe(run.acknowledged);
}

describeCluster('three brokers', (cluster) => {
  test('a leader killed with -9 under load loses, doubles and reorders nothing', async () => {
    expectClean(await killLeader(cluster(), 'kill', printedRandom('kill -9 of a leader')));
  }, 300_000);
}, { brokers: 3 });

const { network, advertise } = proxies();
describeCluster('a broker behind a proxy', (cluster) => {
  afterAll(async () => {
    await Promise.all(network.map((proxy) => proxy.close()));
  });
  test('answers that are lost after the broker stored the batches lose, double and reorder nothing', async () => {
    expectClean(await loseAnswers(cluster(), network[0]!, 'answers', printedRandom('answers lost')));
  }, 120_000);

  test('the same run finds out a sender that is careless', async () => {
    const run = await loseAnswers(cluster(), network[0]!, 'careless', printedRandom('answers lost to another'), carelessSender(cluster().bootstrap));
    expect(run.doubled.length).toBeGreaterThan(0);
  }, 120_000);
}, { advertise });
