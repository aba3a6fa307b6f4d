/** What goes with the rows beside their values: traces and times; what restoring costs; how long the notes are. */
import { afterAll, expect, test } from '@jest/globals';

import { SeenRows } from './seen.ts';
import { checkpointRecords } from './feature-checkpoint.ts';
import { newestSnapshots, snapshotOutputs } from './training-checkpoint.ts';
import type { TrainingTaskOptions } from './training-task.ts';
import { FeatureEngine, defaultFeatures } from '#features';
import { Trainer, silentObserver, type CommittedBatch, type Restoration } from '#processing';
import { CONTENT_ARROW, CONTENT_JSON, SCHEMA, encodeTickJson, encodeTicksArrow, headersOf, ingestedAt, ticksOf, traceOf, type TickRow } from '#proto';
import type { OutputRecord, TaskContext } from '#queue';

import { wrapTasks } from './testing/faults.ts';
import { SPEC, TARGET, featuresDone, feed, openBench, readTopic, runFeatures, runTraining, someTicks, startFeatures, startTraining, tickRecords, trainingDone, watermarks, type Bench } from './testing/pipeline.ts';

const benches: Bench[] = [];
const open = async (options?: { inputs?: number; shards?: number }): Promise<Bench> => {
  const bench = await openBench(options);
  benches.push(bench);
  return bench;
};
afterAll(() => Promise.all(benches.map((bench) => bench.close())));

/** Starts a feature worker, and ends it once its state is back. */
async function restoration(bench: Bench): Promise<Restoration> {
  let tell: (restoration: Restoration) => void = () => undefined;
  const restored = new Promise<Restoration>((resolve) => { tell = resolve; });
  const member = await startFeatures(bench.queue, bench.layout, { observer: { ...silentObserver, restored: tell } });
  const answer = await restored;
  await member.leave();
  return answer;
}

const trace = (n: number): string => `00-${String(n).padStart(32, '0')}-00000000000000ff-01`;
const T = 1_742_860_800_000;

test('a record of features has the trace and the time of the newest row’s record, predictions and outcomes the trace of theirs, a bad row its own', async () => {
  const bench = await open();
  const ticks = someTicks(200);
  const headers = headersOf(CONTENT_ARROW, SCHEMA.tick);
  const quotes = bench.layout.name('quotes');
  const of = (rows: readonly TickRow[], n: number, traceparent = trace(n)): OutputRecord => ({ topic: quotes, partition: 0, value: encodeTicksArrow(ticksOf('s', rows), null), timestamp: T + n, headers: { ...headers, traceparent } });
  const bad = { ...ticks[0]!, bid: -1 };
  await feed(bench, [
    ...Array.from({ length: 20 }, (_, i) => of(ticks.slice(i * 10, i * 10 + 10), i + 1)),
    of([bad, bad], 77),
    { topic: quotes, partition: 0, value: 'no tick', timestamp: T + 78, headers: { ...headersOf(CONTENT_JSON, SCHEMA.tick), traceparent: trace(78) } },
    of([ticks.at(-1)!], 21, 'not a trace'),
    ...watermarks(bench.layout, ticks.at(-1)!.receiptTime + 1),
  ]);
  await runFeatures(bench, { batchRows: 25 });
  await runTraining(bench);
  const features = await readTopic(bench, 'features');
  let rows = 0;
  for (const record of features) {
    rows += Number(record.headers['rows']);
    const newest = Math.ceil(rows / 10);
    expect([rows, traceOf(record.headers).traceparent, ingestedAt(record.headers)]).toEqual([rows, newest <= 20 ? trace(newest) : undefined, T + newest]);
  }
  expect(rows).toBe(201);
  const byTrace = new Set(features.map((record) => record.headers['traceparent']));
  for (const topic of ['predictions', 'outcomes', 'evaluations'] as const) {
    const records = await readTopic(bench, topic);
    expect(records.length).toBeGreaterThan(0);
    for (const record of records) expect(byTrace).toContain(record.headers['traceparent']);
  }
  expect((await readTopic(bench, 'dead-letters')).map((record) => record.headers['traceparent'])).toEqual([trace(77), trace(77), trace(78)]);
});

test('observers learn when the queue took the rows, of what is new alone, and how much was restored', async () => {
  const bench = await open();
  const ticks = someTicks(200);
  const tick = (row: TickRow, i: number): OutputRecord => ({ topic: bench.layout.name('quotes'), partition: 0, value: encodeTickJson(ticksOf('s', [row]), 0), timestamp: T + i, headers: headersOf(CONTENT_JSON, SCHEMA.tick, { task: 'source/s', ordinal: String(i) }) });
  const batches: CommittedBatch[] = [];
  const restorations: Restoration[] = [];
  const observer = { ...silentObserver, committed: (batch: CommittedBatch) => batches.push(batch), restored: (restoration: Restoration) => restorations.push(restoration) };
  const records = ticks.map(tick);
  await feed(bench, [...records, ...records.slice(190), ...watermarks(bench.layout, ticks.at(-1)!.receiptTime + 1)]);
  await runFeatures(bench, { observer });
  const span = (of: 'appended' | 'ingested'): (number | undefined)[] => {
    const spans = batches.flatMap((batch) => batch[of] ?? []);
    return [Math.min(...spans.map(({ oldest }) => oldest)), Math.max(...spans.map(({ newest }) => newest))];
  };
  const sum = (of: 'rows' | 'repeats'): number => batches.reduce((total, batch) => total + batch[of], 0);
  expect([span('appended'), sum('rows'), sum('repeats')]).toEqual([[T, T + 199], 200, 10]);
  expect(batches.every(({ ms, commitMs }) => commitMs >= 0 && ms >= commitMs)).toBe(true);
  expect(restorations).toMatchObject([{ from: 'nothing', behind: 0, rows: 0, records: 0 }]);
  expect(await restoration(bench)).toMatchObject({ from: 'checkpoint', behind: 0, rows: 2, records: 3 });

  batches.length = 0;
  restorations.length = 0;
  await runTraining(bench, { observer });
  const stamps = (await readTopic(bench, 'features')).map(({ timestamp }) => timestamp);
  const ingested = (await readTopic(bench, 'features')).map(({ headers }) => ingestedAt(headers)!);
  expect([span('appended'), span('ingested'), sum('rows')]).toEqual([[Math.min(...stamps), Math.max(...stamps)], [Math.min(...ingested), T + 199], 200]);
  // The same features once more: nothing is new, so nothing has an age.
  batches.length = 0;
  await feed(bench, (await readTopic(bench, 'features')).map(({ topic, partition, value, headers }) => ({ topic, partition, value, headers })));
  await runTraining(bench, { observer });
  expect([batches.every(({ appended, outputs }) => appended === null && outputs === 0), sum('rows'), sum('repeats')]).toEqual([true, 0, 200]);
  expect(restorations.at(-1)).toMatchObject({ from: 'checkpoint', behind: 0 });
  expect(restorations.at(-1)!.rows).toBeGreaterThan(0);
});

test('what restoring reads grows with live instruments, not with history', async () => {
  const read = async (instruments: number, rounds: number): Promise<Restoration> => {
    const bench = await open();
    const names = Array.from({ length: instruments }, (_, i) => `x:${i}`);
    const ticks = someTicks(instruments * 2 * rounds, names);
    for (let round = 0; round < rounds; round++) {
      await feed(bench, tickRecords(bench.layout, ticks.slice(round * instruments * 2, (round + 1) * instruments * 2)));
      await runFeatures(bench, { checkpointRows: 1 });
    }
    return restoration(bench);
  };
  // A row of state an instrument, and the manifest.
  for (const [instruments, rounds] of [[10, 1], [10, 8], [60, 1], [60, 5]] as const) {
    expect([instruments, rounds, await read(instruments, rounds)]).toMatchObject([instruments, rounds, { rows: instruments, records: instruments + 1 }]);
  }
});

test('the note of a commit stays far below what Kafka keeps of it', async () => {
  const bench = await open({ inputs: 4 });
  const notes: string[] = [];
  const queue = wrapTasks(bench.queue, (context) =>
    new Proxy(context, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (name !== 'commit') return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
        return (commit: Parameters<TaskContext['commit']>[0]) => {
          if (commit.metadata !== undefined) notes.push(commit.metadata);
          return target.commit(commit);
        };
      },
    }),
  );
  await feed(bench, tickRecords(bench.layout, someTicks(400, Array.from({ length: 40 }, (_, i) => `x:${i}`))));
  const members = [await startFeatures(queue, bench.layout), await startTraining(queue, bench.layout)];
  await featuresDone(bench);
  await trainingDone(bench);
  for (const member of members) await member.leave();
  expect(notes.length).toBeGreaterThan(4);
  // Numbers alone, whatever the instruments and partitions: these with as many digits as can be.
  const longest = notes.map((note) => note.replace(/\d+/g, String(Number.MAX_SAFE_INTEGER)).length);
  expect(Math.max(...longest)).toBeLessThan(200);
});

test('snapshots and state on a log that is not compacted yet count as their newest records say', async () => {
  const bench = await open();
  const options = { ...TRAINING(bench), observer: silentObserver };
  const trainer = new Trainer({ ...options, task: 'training/softmax/0', width: 40 });
  const known = { newest: undefined, manifests: [], refused: [], records: 0 } as Awaited<ReturnType<typeof newestSnapshots>>;
  const log: OutputRecord[] = [];
  const write = (version: number, offset: number): void => {
    Object.defineProperty(trainer.model, 'step', { value: version, configurable: true });
    log.push(...snapshotOutputs(options, 0, trainer, offset, known));
  };
  write(1, 10);
  write(2, 20);
  write(2, 25);
  write(3, 30);
  // A topic of clean-up `delete` keeps it all.
  const read = async (): Promise<{ versions: number[]; offsets: number[]; newest: number | undefined }> => {
    const fresh = await open();
    const copy = log.map((record, i) => ({ ...record, topic: fresh.layout.name('quotes'), timestamp: i }));
    await feed(fresh, copy);
    const layout = { ...fresh.layout, name: () => fresh.layout.name('quotes') };
    const { manifests, newest } = await newestSnapshots(fresh.queue, layout, 'softmax', 0);
    return { versions: manifests.map(({ version }) => version), offsets: manifests.map(({ offset }) => offset), newest: newest?.manifest.version };
  };
  expect(await read()).toEqual({ versions: [2, 3], offsets: [25, 30], newest: 3 });

  const engine = new FeatureEngine(defaultFeatures);
  engine.idOf('x:A');
  const records = checkpointRecords(bench.layout, 'features/0', 0, defaultFeatures, { engine, ordinals: { rows: 1, deadLetters: 0 }, positions: new Map(), seen: new SeenRows() });
  expect(records.map(({ key }) => key)).toEqual(['features/0/!manifest']);
});

function TRAINING({ queue, layout }: Bench): Omit<TrainingTaskOptions, 'observer'> {
  return { queue, layout, spec: SPEC, featureSet: defaultFeatures.id, featureNames: defaultFeatures.names, target: TARGET, evaluateEvery: 20 };
}
