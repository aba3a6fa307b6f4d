/** Commits by interval: fewer of them, and the same results, whatever happens. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { silentObserver, type CommittedBatch, type WorkerObserver } from '#processing';
import type { TickRow } from '#proto';

import { withFault, type Call } from './testing/faults.ts';
import { featureRows, featuresDone, feed, finishTraining, openBench, readTopic, runFeatures, runTraining, someTicks, startFeatures, startTraining, tickRecords, trainingDone, trainingLog, type Bench } from './testing/pipeline.ts';

const ROWS = 160;
const LIMIT = 180_000;
/** Longer than any test: only silence, an abort or a bound can bring a commit. */
const NEVER = 3_600_000;
const ticks: TickRow[] = someTicks(ROWS);
const benches: Bench[] = [];
const open = async (): Promise<Bench> => {
  const bench = await openBench();
  benches.push(bench);
  return bench;
};
afterAll(() => Promise.all(benches.map((bench) => bench.close())));

type Rows = Awaited<ReturnType<typeof featureRows>>;
let expected: { features: Rows; training: Awaited<ReturnType<typeof trainingLog>>; log: Awaited<ReturnType<typeof readTopic>> };

beforeAll(async () => {
  const bench = await open();
  await feed(bench, tickRecords(bench.layout, ticks, 5));
  await runFeatures(bench);
  await runTraining(bench);
  expected = { features: await featureRows(bench), training: await trainingLog(bench), log: await readTopic(bench, 'features') };
});

const sameFeatures = (bench: Bench): Promise<void> => feed(bench, expected.log.map(({ topic, partition, key, value, headers }) => ({ topic, partition, key, value, headers })));

function counting(): { observer: WorkerObserver; batches: CommittedBatch[] } {
  const batches: CommittedBatch[] = [];
  return { batches, observer: { ...silentObserver, committed: (batch) => batches.push(batch) } };
}

test.each([1, 15, 100])('an interval of %d ms, records few at a time: the same rows, predictions, outcomes, evaluations and weights', async (commitIntervalMs) => {
  const bench = await open();
  const { queue } = withFault(bench.queue, 'poll', Infinity);
  await feed(bench, tickRecords(bench.layout, ticks, 5));
  const features = counting();
  const settings = { commitIntervalMs, checkpointRows: 1_000_000, checkpointIntervalMs: NEVER };
  const member = await startFeatures(queue, bench.layout, { ...settings, observer: features.observer });
  await featuresDone(bench);
  await member.leave();
  expect(await featureRows(bench)).toEqual(expected.features);
  expect(features.batches.reduce((sum, { rows }) => sum + rows, 0)).toBe(ROWS);
  const training = counting();
  const trainer = await startTraining(queue, bench.layout, { ...settings, observer: training.observer });
  await trainingDone(bench);
  await trainer.leave();
  expect(await trainingLog(bench)).toEqual(expected.training);
  expect(training.batches.reduce((sum, { rows }) => sum + rows, 0)).toBe(ROWS);
}, LIMIT);

test('what piled up is one commit: rows of many polls, in records as long as they may be', async () => {
  const bench = await open();
  const { queue } = withFault(bench.queue, 'poll', Infinity);
  await feed(bench, tickRecords(bench.layout, ticks, 5));
  const { observer, batches } = counting();
  // Silence begins after a quarter of the interval: there is none before all is read.
  const member = await startFeatures(queue, bench.layout, { commitIntervalMs: 8_000, checkpointIntervalMs: NEVER, checkpointRows: 1_000_000, batchRows: 64, observer });
  await featuresDone(bench);
  await member.leave();
  expect(batches.map(({ rows }) => rows)).toEqual([ROWS]);
  expect((await readTopic(bench, 'features')).map(({ headers }) => headers['rows'])).toEqual(['64', '64', '32']);
}, LIMIT);

test('a worker that leaves commits what has piled up', async () => {
  const bench = await open();
  await feed(bench, tickRecords(bench.layout, ticks, 5));
  let polled = 0;
  const observer = { ...silentObserver, polled: (records: number) => { polled += records; } };
  const waitFor = async (count: number): Promise<void> => {
    polled = 0;
    while (polled < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const [features, work] = [waitFor(ROWS / 5), startFeatures(bench.queue, bench.layout, { commitIntervalMs: NEVER, checkpointIntervalMs: NEVER, checkpointRows: 1_000_000, observer })];
  await features;
  expect(await featureRows(bench)).toEqual([]);
  await (await work).leave();
  expect(await featureRows(bench)).toEqual(expected.features);
  const records = (await readTopic(bench, 'features')).length;
  const [training, learning] = [waitFor(records), startTraining(bench.queue, bench.layout, { commitIntervalMs: NEVER, checkpointIntervalMs: NEVER, checkpointRows: 1_000_000, observer })];
  await training;
  await (await learning).leave();
  expect(await trainingLog(bench)).toEqual(expected.training);
}, LIMIT);

const KINDS: Call[] = ['commit', 'lost commit', 'poll'];

test.each(KINDS)('a failure at any %s while work piles up changes nothing and repeats nothing', async (kind) => {
  for (const commitIntervalMs of [4, 30]) {
    for (let at = 1, reached = true; reached && at < 40; at += kind === 'poll' ? 7 : 1) {
      const bench = await open();
      await feed(bench, tickRecords(bench.layout, ticks, 5));
      const faults = withFault(bench.queue, kind, at);
      const settings = { commitIntervalMs, checkpointRows: 60 };
      const member = await startFeatures(faults.queue, bench.layout, settings);
      await featuresDone(bench);
      await member.leave();
      expect([at, await featureRows(bench)]).toEqual([at, expected.features]);
      reached = faults.calls() >= at;
    }
    for (let at = 1, reached = true; reached && at < 40; at += kind === 'poll' ? 7 : 1) {
      const bench = await open();
      await sameFeatures(bench);
      const faults = withFault(bench.queue, kind, at);
      const member = await startTraining(faults.queue, bench.layout, { commitIntervalMs, checkpointRows: 60 });
      await trainingDone(bench);
      await member.leave();
      reached = faults.calls() >= at;
      await finishTraining(bench);
      expect([at, await trainingLog(bench)]).toEqual([at, expected.training]);
    }
  }
}, LIMIT);
