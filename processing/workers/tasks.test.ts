import { afterAll, expect, test } from '@jest/globals';

import { defaultFeatures } from '#features';
import { CONTENT_ARROW, CONTENT_JSON, Post, SCHEMA, encodePostJson, encodeTickJson, headersOf, ticksOf, type TickRow } from '#proto';
import type { OutputRecord } from '#queue';

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
  tickRecords,
  trainingLog,
  watermarks,
  type Bench,
} from './testing/pipeline.ts';

const benches: Bench[] = [];
const open = async (options?: { inputs?: number; shards?: number }): Promise<Bench> => {
  const bench = await openBench(options);
  benches.push(bench);
  return bench;
};
afterAll(() => Promise.all(benches.map((bench) => bench.close())));

const POSTS = defaultFeatures.names.indexOf('posts_5m');
const JSON_TICK = headersOf(CONTENT_JSON, SCHEMA.tick);
const jsonTick = ({ layout }: Bench, row: TickRow): OutputRecord => ({ topic: layout.name('quotes'), key: row.instrument, value: encodeTickJson(ticksOf('test', [row]), 0), headers: JSON_TICK });
const post = ({ layout }: Bench, fields: Partial<Post>): OutputRecord => ({
  topic: layout.name('posts'),
  key: fields.instrument ?? '',
  value: encodePostJson(Post.fromPartial({ source: 'test', ...fields })),
  headers: headersOf(CONTENT_JSON, SCHEMA.post),
});

test('bad records of every kind go to dead-letters with code and origin, and the partition goes on', async () => {
  const bench = await open();
  const ticks = someTicks(9, ['x:A']);
  const quotes = bench.layout.name('quotes');
  const year = 365 * 86_400e6;
  const raw = (value: Uint8Array | string | null, headers = JSON_TICK): OutputRecord => ({ topic: quotes, key: 'k', value, headers });
  const bad: [string, OutputRecord][] = [
    ['MALFORMED_RECORD', raw('not JSON')],
    ['UNSUPPORTED_SCHEMA', raw('{}', { ...JSON_TICK, schema: 'foretick.v2.Tick' })],
    ['VALUE_OUT_OF_RANGE', raw(JSON.stringify({ instrument: 'x:A', eventTimeUs: ticks[0]!.eventTime, receiptTimeUs: ticks[0]!.receiptTime, trade: { price: 'NaN' } }))],
    ['VALUE_OUT_OF_RANGE', jsonTick(bench, { ...ticks[0]!, kind: 1, price: -1 })],
    ['FUTURE_EVENT', jsonTick(bench, { ...ticks[3]!, eventTime: ticks[3]!.eventTime + year })],
    ['LATE_EVENT', jsonTick(bench, { ...ticks[4]!, eventTime: ticks[4]!.eventTime - year })],
    ['VALUE_OUT_OF_RANGE', jsonTick(bench, { ...ticks[4]!, instrument: '!manifest' })],
    ['MALFORMED_RECORD', raw('')],
    ['MALFORMED_RECORD', raw(new Uint8Array(5 * 1024 * 1024).fill(0x7b))],
    ['MALFORMED_RECORD', raw(new Uint8Array(1000), headersOf(CONTENT_ARROW, SCHEMA.tick))],
  ];
  const log = bad.flatMap(([, record], i) => [...(ticks[i] ? [jsonTick(bench, ticks[i])] : []), record]);
  await feed(bench, [...log, ...watermarks(bench.layout, ticks.at(-1)!.receiptTime + 1)]);
  await runFeatures(bench, { checkpointRows: 1 });
  const written = await readTopic(bench, 'dead-letters');
  expect(written.map(({ headers }) => headers['code'])).toEqual(bad.map(([code]) => code));
  for (const [i, { headers, value }] of written.entries()) {
    const offset = log.indexOf(bad[i]![1]);
    expect(headers).toMatchObject({ topic: quotes, partition: '0', offset: String(offset), task: 'features/0', ordinal: String(i) });
    const original = bad[i]![1].value!;
    expect(Buffer.compare(Buffer.from(value!), typeof original === 'string' ? Buffer.from(original) : original)).toBe(0);
  }
  expect((await featureRows(bench)).map(({ ordinal, instrument }) => [ordinal, instrument])).toEqual(ticks.map((_, i) => [i, 'x:A']));
  // Started again from its checkpoint, it repeats nothing.
  await runFeatures(bench);
  expect(await readTopic(bench, 'dead-letters')).toHaveLength(bad.length);
});

test('an instrument that looks like a manifest cannot spoil a checkpoint, in posts either', async () => {
  const bench = await open();
  const [tick] = someTicks(1) as [TickRow];
  const receiptTimeUs = tick.receiptTime;
  await feed(bench, [post(bench, { instrument: '!manifest', receiptTimeUs, text: 'x' }), jsonTick(bench, { ...tick, instrument: '!manifest' }), jsonTick(bench, tick), ...watermarks(bench.layout, receiptTimeUs + 1)]);
  await runFeatures(bench, { checkpointRows: 1 });
  await runFeatures(bench, { checkpointRows: 1 });
  expect((await readTopic(bench, 'dead-letters')).map(({ headers }) => headers['code']).sort()).toEqual(['MALFORMED_RECORD', 'VALUE_OUT_OF_RANGE']);
  expect(await featureRows(bench)).toHaveLength(1);
});

test('a restored state gives the same rows as one that was never stopped', async () => {
  const [whole, parts] = [await open(), await open()];
  const ticks = someTicks(150);
  await feed(whole, tickRecords(whole.layout, ticks));
  await runFeatures(whole);
  for (let from = 0; from < ticks.length; from += 30) {
    await feed(parts, tickRecords(parts.layout, ticks.slice(from, from + 30)));
    await runFeatures(parts, { checkpointRows: 1_000_000 });
  }
  expect(await featureRows(parts)).toEqual(await featureRows(whole));
});

test('inputs of watermarks alone, or of posts alone, are worked through and give no row', async () => {
  const bench = await open();
  const [tick] = someTicks(1) as [TickRow];
  await feed(bench, watermarks(bench.layout, tick.receiptTime));
  await feed(bench, [post(bench, { instrument: 'x:A', receiptTimeUs: tick.receiptTime + 5, text: 'x' }), ...watermarks(bench.layout, tick.receiptTime + 10)]);
  await runFeatures(bench, { checkpointRows: 1 });
  expect([await featureRows(bench), await readTopic(bench, 'dead-letters')]).toEqual([[], []]);
});

test('a tick waits for the log of posts, and posts received before it count', async () => {
  const bench = await open();
  const ticks = someTicks(4, ['x:A']);
  const member = await startFeatures(bench.queue, bench.layout);
  await feed(bench, ticks.map((tick) => jsonTick(bench, tick)));
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(await featureRows(bench)).toEqual([]);
  await feed(bench, [post(bench, { instrument: 'x:A', receiptTimeUs: ticks[2]!.receiptTime - 1, text: 'x' }), ...watermarks(bench.layout, ticks[3]!.receiptTime + 1)]);
  await featuresDone(bench);
  await member.leave();
  const counts = (await featureRows(bench)).map(({ values }) => (values[1]![POSTS]! > 0 ? 1 : 0));
  expect(counts).toEqual([0, 0, 1, 1]);
});

test('two partitions of one shard: every input one row and one prediction, each instrument as with one partition', async () => {
  const instruments = ['x:A', 'x:B', 'x:C', 'x:D', 'x:E'];
  const ticks = someTicks(200, instruments);
  const [one, two] = [await open({ inputs: 1 }), await open({ inputs: 2 })];
  for (const bench of [one, two]) {
    await feed(bench, tickRecords(bench.layout, ticks));
    await runFeatures(bench);
    await runTraining(bench);
  }
  const [rowsOne, rowsTwo] = [await featureRows(one), await featureRows(two)];
  const tasks = new Set(rowsTwo.map(({ task }) => task));
  expect(tasks).toEqual(new Set(['features/0', 'features/1']));
  for (const name of instruments) {
    const own = (rows: typeof rowsOne) => rows.filter(({ instrument }) => instrument === name).map(({ values }) => values);
    expect([name, own(rowsTwo)]).toEqual([name, own(rowsOne)]);
  }
  const { predictions } = await trainingLog(two);
  const identity = (predictions as { rowTask: string; rowOrdinal: number }[]).map(({ rowTask, rowOrdinal }) => `${rowTask} ${rowOrdinal}`);
  expect(identity.sort()).toEqual(rowsTwo.map(({ task, ordinal }) => `${task} ${ordinal}`).sort());
});

test('training again from the same features log gives the same weights, bit for bit', async () => {
  const bench = await open({ inputs: 2 });
  await feed(bench, tickRecords(bench.layout, someTicks(200, ['x:A', 'x:B', 'x:C'])));
  await runFeatures(bench);
  await runTraining(bench);
  const again = await open({ inputs: 2 });
  await feed(again, (await readTopic(bench, 'features')).map(({ topic, partition, value, headers }) => ({ topic, partition, value, headers })));
  await runTraining(again, { checkpointRows: 7 });
  const byOrdinal = (log: Awaited<ReturnType<typeof trainingLog>>): object => ({ weights: log.weights, evaluations: log.evaluations, predictions: (log.predictions as { ordinal: number }[]).sort((a, b) => a.ordinal - b.ordinal) });
  expect(byOrdinal(await trainingLog(again))).toEqual(byOrdinal(await trainingLog(bench)));
});

test('records of features that cannot be read are put aside by training, and do not stop it from starting again', async () => {
  const bench = await open();
  await feed(bench, tickRecords(bench.layout, someTicks(160)));
  await runFeatures(bench);
  const clean = await readTopic(bench, 'features');
  const dirty = await open();
  const topic = dirty.layout.name('features');
  const garbage = { topic, partition: 0, value: 'garbage', headers: headersOf(CONTENT_ARROW, SCHEMA.features, { task: 'features/0', ordinal: '0', rows: '1' }) };
  const copies = clean.flatMap(({ partition, value, headers }) => [garbage, { topic, partition, value, headers }]);
  await feed(dirty, copies);
  await runTraining(bench);
  await runTraining(dirty, { checkpointRows: 1 });
  await finishTraining(dirty);
  expect(await trainingLog(dirty)).toEqual(await trainingLog(bench));
  const letters = await readTopic(dirty, 'dead-letters');
  expect(letters.map(({ headers }) => [headers['code'], headers['offset']])).toEqual(clean.map((_, i) => ['MALFORMED_RECORD', String(2 * i)]));
});

test('a state or a snapshot of another feature set is FEATURE_SET_MISMATCH, loudly', async () => {
  const bench = await open();
  await feed(bench, [
    { topic: bench.layout.name('changelog'), partition: 0, key: 'features/0/!manifest', value: JSON.stringify({ task: 'features/0', featureSet: 'other@1' }), headers: headersOf(CONTENT_JSON, SCHEMA.checkpoint) },
    ...tickRecords(bench.layout, someTicks(3)),
  ]);
  const error = await new Promise((resolve, reject) => {
    startFeatures(bench.queue, bench.layout, { onFailure: resolve }).catch(reject);
  });
  expect(error).toMatchObject({ code: 'FEATURE_SET_MISMATCH' });
});
