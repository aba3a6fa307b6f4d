import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { CONTENT_JSON, Post, SCHEMA, encodePostJson, headersOf, watermarkJson } from '#proto';
import type { Membership, OutputRecord } from '#queue';

import { withFault, withStop, type Call } from './testing/faults.ts';
import {
  featureRows,
  featuresDone,
  feed,
  finishTraining,
  openBench,
  readTopic,
  runFeatures,
  runTraining,
  someTicks,
  startFeatures,
  startTraining,
  tickRecords,
  trainingDone,
  trainingLog,
  type Bench,
} from './testing/pipeline.ts';

const ROWS = 160;
const LIMIT = 180_000;
/** Ticks, and posts with watermarks between them, so that the two inputs of a task never stand at the same place. */
function input(bench: Bench): Promise<void> {
  const ticks = someTicks(ROWS);
  const posts = ticks.flatMap(({ instrument, eventTime, receiptTime }, i): OutputRecord[] => {
    if (i % 12 !== 5) return [];
    const post = Post.fromPartial({ instrument, source: 'test', eventTimeUs: eventTime, receiptTimeUs: receiptTime - 500, text: 'up' });
    const record = (value: string): OutputRecord => ({ topic: bench.layout.name('posts'), partition: 0, value, headers: headersOf(CONTENT_JSON, SCHEMA.post) });
    return [record(encodePostJson(post)), record(watermarkJson('test', receiptTime - 400))];
  });
  return feed(bench, [...posts, ...tickRecords(bench.layout, ticks, 5)]);
}


interface Expected {
  readonly features: Awaited<ReturnType<typeof featureRows>>;
  readonly training: Awaited<ReturnType<typeof trainingLog>>;
  /** The features log itself, so that training starts from the same records. */
  readonly log: Awaited<ReturnType<typeof readTopic>>;
}
let expected: Expected;
const benches: Bench[] = [];
const open = async (): Promise<Bench> => {
  const bench = await openBench();
  benches.push(bench);
  return bench;
};
afterAll(() => Promise.all(benches.map((bench) => bench.close())));

beforeAll(async () => {
  const bench = await open();
  await input(bench);
  await runFeatures(bench);
  await runTraining(bench);
  expected = { features: await featureRows(bench), training: await trainingLog(bench), log: await readTopic(bench, 'features') };
});

test('an uninterrupted run gives one row and one prediction for each tick, learns and scores', () => {
  expect(expected.features.map(({ ordinal }) => ordinal)).toEqual(Array.from({ length: ROWS }, (_, i) => i));
  expect(expected.training.predictions).toHaveLength(ROWS);
  expect(expected.training.outcomes.length).toBeGreaterThan(20);
  expect(expected.training.evaluations.length).toBeGreaterThan(1);
});

/** The same features log, copied record by record. */
async function sameFeatures(bench: Bench): Promise<void> {
  await feed(bench, expected.log.map(({ topic, partition, key, value, headers }) => ({ topic, partition, key, value, headers })));
}

async function faultyFeatures(kind: Call, at: number, times = 1): Promise<{ bench: Bench; reached: boolean }> {
  const bench = await open();
  await input(bench);
  const faults = withFault(bench.queue, kind, at, times);
  const member = await startFeatures(faults.queue, bench.layout);
  await featuresDone(bench);
  await member.leave();
  return { bench, reached: faults.calls() >= at };
}

async function faultyTraining(kind: Call, at: number): Promise<{ bench: Bench; reached: boolean }> {
  const bench = await open();
  await sameFeatures(bench);
  const faults = withFault(bench.queue, kind, at);
  const member = await startTraining(faults.queue, bench.layout);
  await trainingDone(bench);
  await member.leave();
  return { bench, reached: faults.calls() >= at };
}

/** Waits until the work is done, or the condition holds. */
async function either(done: Promise<void>, condition: () => boolean): Promise<void> {
  const state = { finished: false };
  const watch = done.finally(() => { state.finished = true; });
  watch.catch(() => undefined); // A worker that was stopped may never be done.
  while (!state.finished && !condition()) await sleep(2);
  if (state.finished) await watch;
}

const KINDS: Call[] = ['commit', 'lost commit', 'poll'];

test.each(KINDS)('features: a failure at any %s changes no row and repeats none', async (kind) => {
  let at = 1;
  for (let reached = true; reached && at < 60; at++) {
    const run = await faultyFeatures(kind, at);
    reached = run.reached;
    expect([at, await featureRows(run.bench)]).toEqual([at, expected.features]);
  }
  expect(at).toBeGreaterThan(6);
}, LIMIT);

test('features: failures in a row, the later ones while committed rows are worked through again, repeat no row', async () => {
  let at = 1;
  for (let reached = true; reached && at < 60; at += 2) {
    const run = await faultyFeatures('lost commit', at, 5);
    reached = run.reached;
    expect([at, await featureRows(run.bench)]).toEqual([at, expected.features]);
  }
  expect(at).toBeGreaterThan(6);
}, LIMIT);

test.each(KINDS)('training: a failure at any %s changes no prediction, outcome, evaluation or weight', async (kind) => {
  let at = 1;
  for (let reached = true; reached && at < 60; at++) {
    const run = await faultyTraining(kind, at);
    reached = run.reached;
    const { predictions, outcomes, evaluations } = await trainingLog(run.bench);
    expect([at, { predictions, outcomes, evaluations, weights: expected.training.weights }]).toEqual([at, expected.training]);
    // The commit that failed may have been the last snapshot: the next run makes up for it.
    await finishTraining(run.bench);
    expect([at, await trainingLog(run.bench)]).toEqual([at, expected.training]);
  }
  expect(at).toBeGreaterThan(6);
}, LIMIT);

test('features: stopped after any commit and started again, the log is the same', async () => {
  let at = 1;
  for (let reached = true; reached && at < 60; at++) {
    const bench = await open();
    await input(bench);
    const member: { current?: Membership; left?: Promise<void> | undefined } = {};
    const stop = withStop(bench.queue, at, () => { member.left = member.current?.leave(); });
    member.current = await startFeatures(stop.queue, bench.layout);
    await either(featuresDone(bench), () => stop.calls() >= at);
    await (member.left ?? member.current.leave());
    reached = stop.calls() >= at;
    await runFeatures(bench);
    expect([at, await featureRows(bench)]).toEqual([at, expected.features]);
  }
  expect(at).toBeGreaterThan(6);
}, LIMIT);

test('training: stopped after any commit and started again, everything is the same', async () => {
  let at = 1;
  for (let reached = true; reached && at < 60; at++) {
    const bench = await open();
    await sameFeatures(bench);
    const member: { current?: Membership; left?: Promise<void> | undefined } = {};
    const stop = withStop(bench.queue, at, () => { member.left = member.current?.leave(); });
    member.current = await startTraining(stop.queue, bench.layout);
    await either(trainingDone(bench), () => stop.calls() >= at);
    await (member.left ?? member.current.leave());
    reached = stop.calls() >= at;
    await finishTraining(bench);
    expect([at, await trainingLog(bench)]).toEqual([at, expected.training]);
  }
  expect(at).toBeGreaterThan(6);
}, LIMIT);
