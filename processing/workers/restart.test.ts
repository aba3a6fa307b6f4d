/** What a worker starts from, and what it must not lose or repeat when that is older than what it has committed. */
import { afterAll, expect, test } from '@jest/globals';

import { silentObserver } from '#processing';
import { CONTENT_JSON, FeatureCheckpoint, SCHEMA, SnapshotManifest, decodeJson, encodeTickJson, fail, headersOf, ticksOf, watermarkJson, type ForetickError, type TickRow } from '#proto';
import type { Queue, TaskContext } from '#queue';

import { withFault, wrapTasks } from './testing/faults.ts';
import { featureRows, featuresDone, feed, finishTraining, openBench, readTopic, runFeatures, runTraining, someTicks, startFeatures, tickRecords, trainingLog, watermarks, type Bench } from './testing/pipeline.ts';

const benches: Bench[] = [];
const open = async (): Promise<Bench> => {
  const bench = await openBench();
  benches.push(bench);
  return bench;
};
afterAll(() => Promise.all(benches.map((bench) => bench.close())));

const FOREVER = 1_000_000;

/** Commits of outputs to `topic` fail: a worker that dies before its checkpoint, every time. */
function withoutCheckpoints(queue: Queue, topic: string): Queue {
  return wrapTasks(queue, (context) =>
    new Proxy(context, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (name !== 'commit') return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
        return async (commit: Parameters<TaskContext['commit']>[0]) => {
          if (commit.outputs?.some((record) => record.topic === topic)) throw fail('QUEUE_UNAVAILABLE', 'no checkpoint today');
          await target.commit(commit);
        };
      },
    }),
  );
}

test('whatever a loop has taken is dealt with, though a silent log holds all of it back', async () => {
  const bench = await open();
  let busy = 0;
  const observer = { ...silentObserver, polled: () => { busy += 1; }, committed: () => { busy = 0; } };
  const member = await startFeatures(bench.queue, bench.layout, { observer });
  const [tick] = someTicks(1) as [TickRow];
  const quotes = bench.layout.name('quotes');
  await feed(bench, [
    { topic: quotes, partition: 0, value: watermarkJson('test', tick.receiptTime - 1), headers: headersOf(CONTENT_JSON, SCHEMA.tick) },
    { topic: quotes, partition: 0, value: encodeTickJson(ticksOf('test', [tick]), 0), headers: headersOf(CONTENT_JSON, SCHEMA.tick) },
  ]);
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect([busy, await featureRows(bench)]).toEqual([0, []]);
  await member.leave();
});

test('in a silent market watermarks alone move the checkpoint on', async () => {
  const bench = await open();
  const ticks = someTicks(20);
  await feed(bench, tickRecords(bench.layout, ticks));
  await runFeatures(bench);
  await feed(bench, Array.from({ length: 5 }, (_, i) => watermarks(bench.layout, ticks.at(-1)!.receiptTime + 10 + i)).flat());
  await runFeatures(bench);
  const manifest = (await readTopic(bench, 'changelog')).find(({ key }) => Buffer.from(key!).toString().endsWith('!manifest'));
  const [quotes] = await bench.queue.offsets(bench.layout.name('quotes'));
  expect(decodeJson(manifest!.value!, FeatureCheckpoint).offsets[bench.layout.name('quotes')]).toBe(quotes!.end);
});

test('a tick whose receipt lies years ahead goes to dead-letters and holds nobody back', async () => {
  const [clean, dirty] = [await open(), await open()];
  const ticks = someTicks(30);
  const years = { ...ticks[4]!, receiptTime: ticks[4]!.receiptTime + 10 * 365 * 86_400e6 };
  await feed(clean, tickRecords(clean.layout, ticks));
  await feed(dirty, [
    { topic: dirty.layout.name('quotes'), partition: 0, value: encodeTickJson(ticksOf('test', [years]), 0), headers: headersOf(CONTENT_JSON, SCHEMA.tick) },
    ...tickRecords(dirty.layout, ticks),
  ]);
  await runFeatures(clean);
  await runFeatures(dirty);
  expect(await featureRows(dirty)).toEqual(await featureRows(clean));
  expect((await readTopic(dirty, 'dead-letters')).map(({ headers }) => headers['code'])).toEqual(['LATE_EVENT']);
});

test('a commit made while committed inputs are worked through again does not take back what is out', async () => {
  const [whole, crashed] = [await open(), await open()];
  const ticks = someTicks(120);
  const later = watermarks(crashed.layout, ticks.at(-1)!.receiptTime + 100);
  for (const bench of [whole, crashed]) await feed(bench, tickRecords(bench.layout, ticks));
  await runFeatures(whole);
  const first = await startFeatures(withoutCheckpoints(crashed.queue, crashed.layout.name('changelog')), crashed.layout, { checkpointRows: FOREVER });
  await featuresDone(crashed);
  await first.leave();
  expect(await readTopic(crashed, 'changelog')).toEqual([]);
  // The log of posts is ahead of what was committed: its position moves in the middle of the work done again, and then the worker dies.
  await feed(crashed, later);
  const { queue } = withFault(crashed.queue, 'lost commit', 1);
  const second = await startFeatures(queue, crashed.layout, { checkpointRows: FOREVER });
  await featuresDone(crashed);
  await second.leave();
  expect(await featureRows(crashed)).toEqual(await featureRows(whole));
});

test('a broken newest snapshot is passed over for the one before it, and results stay the same', async () => {
  const [whole, broken] = [await open(), await open()];
  const ticks = someTicks(200);
  const refused: ForetickError[] = [];
  const work = async (bench: Bench, part: readonly TickRow[]): Promise<void> => {
    await feed(bench, tickRecords(bench.layout, part));
    await runFeatures(bench);
    await runTraining(bench, { observer: { ...silentObserver, refused: (error) => refused.push(error) } });
  };
  for (const bench of [whole, broken]) for (const part of [ticks.slice(0, 100), ticks.slice(100, 150)]) await work(bench, part);
  const manifests = (await readTopic(broken, 'models')).filter(({ key, value }) => value !== null && Buffer.from(key!).toString().endsWith('manifest'));
  expect(manifests.length).toBeGreaterThan(1);
  const newest = manifests.at(-1)!;
  const manifest = { ...decodeJson(newest.value!, SnapshotManifest), sha256: '0'.repeat(64) };
  await feed(broken, [{ topic: newest.topic, partition: 0, key: newest.key, value: JSON.stringify(manifest), headers: newest.headers }]);
  for (const bench of [whole, broken]) await work(bench, ticks.slice(150));
  await finishTraining(broken);
  expect(refused.map(({ code }) => code)).toEqual(['SNAPSHOT_CORRUPT']);
  expect(await trainingLog(broken)).toEqual(await trainingLog(whole));
});
