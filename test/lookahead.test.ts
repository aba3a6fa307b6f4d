/** No look-ahead: whatever happens after a point, rows and predictions before it stay as they are. */
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { join } from 'node:path';

import { madeUpPosts } from '#collectors';
import { TickKind, decodeFeatures, decodePredictions, topicLayout, type FeatureRows, type TickRow } from '#proto';
import { openEmbeddedQueue } from '#queue/embedded';

import { backtest } from './support/backtest.ts';
import { edited, editsOf } from './support/edits.ts';
import { runInMemory, type Events, type Lines } from './support/memory-pipeline.ts';
import { printedRandom } from './support/random.ts';
import { recordingLines, scratchDirectory, writeRows } from './support/recording.ts';

const ROWS = 4_500;
/** Before this row most instruments are not warm yet. */
const FIRST_POINT = 3_000;
const root = scratchDirectory();
afterAll(root.remove);

const { seed, whole } = printedRandom('look-ahead');
const { header, rows: csv } = recordingLines();

/** Columns: recv_ns,seq,exch_ns,symbol,type,trade_id,price,qty,side,bid,bid_qty,ask,ask_qty. */
const ticks = csv.slice(0, ROWS).map((line): TickRow => {
  const f = line.split(',');
  const base = { instrument: `binance:${f[3]!}`, eventTime: Number(f[2]!.slice(0, -3)), receiptTime: Number(f[0]!.slice(0, -3)) };
  return f[4] === 'q'
    ? { ...base, kind: TickKind.QUOTE, bid: Number(f[9]), bidSize: Number(f[10]), ask: Number(f[11]), askSize: Number(f[12]) }
    : { ...base, kind: TickKind.TRADE, price: Number(f[6]), size: Number(f[7]), side: f[8] === 'Buy' ? 1 : -1 };
});
const from = ticks[0]!.receiptTime;
const to = ticks.at(-1)!.receiptTime;
const instruments = [...new Set(ticks.map(({ instrument }) => instrument))];
const minutes = new Set([Math.floor(from / 60e6), Math.floor(to / 60e6)]);
const posts = [...minutes]
  .flatMap((minute) => madeUpPosts({ seed: 3, perMinute: 600, instruments }, minute))
  .filter(({ receiptTimeUs }) => receiptTimeUs > from && receiptTimeUs < to);

type Run = (events: Events) => Lines;

/** Edits after the point, and posts after it gone or other ones; true when something before it changed. */
function betrays(run: Run, untouched: Lines, point: number, edits: Parameters<typeof edited>[2], withoutPosts: boolean): boolean {
  const time = Math.max(...ticks.slice(0, point + 1).map(({ receiptTime }) => receiptTime));
  const kept = withoutPosts ? posts.filter(({ receiptTimeUs }) => receiptTimeUs <= time) : posts;
  const after = run({ ticks: edited(ticks, point, edits), posts: kept });
  return (['rows', 'predictions'] as const).some((what) =>
    after[what].slice(0, point).join('\n') !== untouched[what].slice(0, point).join('\n'));
}

const points = fc.integer({ min: FIRST_POINT, max: ROWS - 10 });

test('the events of this test are rich enough to show look-ahead', () => {
  const { rows, predictions } = runInMemory({ ticks, posts });
  expect([rows.length, predictions.length]).toEqual([ROWS, ROWS]);
  expect(posts.length).toBeGreaterThan(50);
  // Predictions that were given, by a model that has learned.
  const last = predictions.at(-1)!.split(',');
  expect(Number(last[1])).toBeGreaterThan(5);
  expect(last[3]).toBe('0');
  expect(betrays((events) => runInMemory(events), { rows: rows.map((row) => `${row},`), predictions }, FIRST_POINT, [], false)).toBe(true);
});

test('random edits after a point change no row and no prediction before it', () => {
  const run: Run = (events) => runInMemory(events);
  const untouched = run({ ticks, posts });
  fc.assert(
    fc.property(points, editsOf(60), fc.boolean(), (point, edits, withoutPosts) => !betrays(run, untouched, point, edits, withoutPosts)),
    { numRuns: 60, seed },
  );
}, 300_000);

test('edits do change what comes after them', () => {
  const untouched = runInMemory({ ticks, posts });
  const after = runInMemory({ ticks: edited(ticks, FIRST_POINT, [{ kind: 'price', after: 0, amount: 1.5 }]), posts });
  expect(after.rows.slice(FIRST_POINT)).not.toEqual(untouched.rows.slice(FIRST_POINT));
  expect(after.predictions.slice(FIRST_POINT)).not.toEqual(untouched.predictions.slice(FIRST_POINT));
});

/** Each quote already has the prices of the next of its instrument. */
function peeking({ ticks: given, posts: written }: Events): Events {
  const next = new Map<string, TickRow>();
  const shifted = given.toReversed().map((tick) => {
    const { bid, ask } = { ...tick, ...next.get(tick.instrument) };
    if (tick.kind !== TickKind.QUOTE) return tick;
    next.set(tick.instrument, tick);
    return { ...tick, ...(bid !== undefined && { bid }), ...(ask !== undefined && { ask }) };
  });
  return { ticks: shifted.toReversed(), posts: written };
}

/** The first feature is where the price will be twenty rows on. */
function leakingLabels(rows: FeatureRows): FeatureRows {
  const values = rows.values.slice();
  for (let i = 0; i + 20 < rows.length; i++) values[i * rows.names.length] = Math.log(rows.price[i + 20]! / rows.price[i]!);
  return { ...rows, values };
}

const cheats: Record<string, Run> = {
  'a feature that peeks at the next quote': (events) => runInMemory(peeking(events)),
  'a feature that holds the label': (events) => runInMemory(events, leakingLabels),
};

test.each(Object.entries(cheats))('the same check catches %s', (_, run) => {
  const untouched = run({ ticks, posts });
  const cases = fc.sample(fc.tuple(points, fc.double({ min: 1.01, max: 1.5, noNaN: true })), { numRuns: 8, seed });
  const caught = cases.filter(([point, amount]) => {
    const edits = [0, 1, 2, 3, 4, 5, 6, 7].map((after) => ({ kind: 'price' as const, after, amount }));
    return betrays(run, untouched, point, edits, false);
  });
  expect(caught.length).toBeGreaterThan(0);
}, 120_000);

async function linesOf(directory: string): Promise<Lines> {
  const layout = topicLayout({ prefix: 'foretick', inputs: 1, shards: 1 });
  const queue = await openEmbeddedQueue({ directory });
  const lines: Lines = { rows: [], predictions: [] };
  try {
    for await (const { records } of queue.read({ topic: layout.name('features'), from: 'earliest', toEnd: true })) {
      for (const rows of records.map(decodeFeatures)) {
        const width = rows.names.length;
        for (let i = 0; i < rows.length; i++) lines.rows.push([rows.receiptTime[i], rows.price[i], ...rows.values.subarray(i * width, (i + 1) * width)].join());
      }
    }
    for await (const { records } of queue.read({ topic: layout.name('predictions'), from: 'earliest', toEnd: true })) {
      for (const prediction of records.flatMap(decodePredictions)) if (prediction.model === 'softmax') lines.predictions.push(JSON.stringify(prediction));
    }
  } finally {
    await queue.close();
  }
  return lines;
}

test.each([1, 2, 3])('through the whole pipeline, edit %d of the file changes nothing before it', async (n) => {
  const point = whole(FIRST_POINT, ROWS - 100);
  const end = csv.slice(point, ROWS).map((line) => line.split(','));
  const changes = [
    () => end.slice(whole(1, 50)),
    () => end.map((fields) => fields.map((field, i) => ([6, 9, 11].includes(i) && field !== '' ? String(Number(field) * 1.1) : field))),
    () => end.flatMap((fields) => [fields, fields]),
  ];
  const variants = { original: end, changed: changes[n - 1]!() };
  const lines: Lines[] = [];
  for (const [name, rows] of Object.entries(variants)) {
    const file = writeRows(join(root.path, `${name}-${n}.csv`), header, [...csv.slice(0, point), ...rows.map((fields) => fields.join())]);
    const directory = join(root.path, `${name}-${n}`);
    await backtest({ file, directory, sections: { target: { horizon: '1s', dead_band_bps: 0.1 } } });
    lines.push(await linesOf(directory));
  }
  const [original, changed] = lines as [Lines, Lines];
  expect(changed.rows.slice(0, point)).toEqual(original.rows.slice(0, point));
  expect(changed.predictions.slice(0, point)).toEqual(original.predictions.slice(0, point));
  expect(original.predictions.length).toBe(ROWS);
  expect(changed.rows).not.toEqual(original.rows);
}, 120_000);
