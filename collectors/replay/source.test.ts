import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import type { Cursor } from '#proto';
import { withMadeUpPosts } from '../posts/made-up.ts';
import type { Source } from '../port.ts';
import { fakeClock, play, type Played } from '../testing/run.ts';
import { scratch } from '../testing/files.ts';
import type { Mapping } from './mapping.ts';
import { PRESETS, detectMapping, presetOf, withInstrument } from './presets.ts';
import { detectFile } from './recording.ts';
import { replaySource, type ReplayOptions } from './source.ts';

const files = scratch();
afterAll(() => {
  files.remove();
});

const mapping: Mapping = withInstrument(presetOf('quotes-ms')!, 'x:A');
const T0 = 1_700_000_000_000;

function csv(times: readonly number[]): string {
  return `ts_ms_utc,bid,ask\n${times.map((ms, i) => `${T0 + ms},${i + 1},${i + 2}\n`).join('')}`;
}

function options(file: string, rest: Partial<ReplayOptions> = {}): ReplayOptions {
  return { name: 'replay', file, mapping, speed: 'max', ...rest };
}

/** Times of rows (receipt, relative to the first in ms) and watermarks (`w…`). */
function shape({ log }: Played): string[] {
  return log.map((line) => {
    if (line.startsWith('watermark ')) return `w${Number(line.slice(10)) / 1000 - T0}`;
    return String((JSON.parse(line) as { receiptTimeUs: number }).receiptTimeUs / 1000 - T0);
  });
}

const irregular = files.file('irregular.csv', csv([0, 10, 240, 255, 700, 690, 2000]));

test('watermarks stand at grid boundaries that rows reach, none twice, and a last one behind the last row', async () => {
  const played = await play(replaySource(options(irregular, { watermarkMinRows: 1 })));
  expect(shape(played)).toEqual(['0', '10', '240', 'w250', '255', 'w500', '700', '700', 'w750', '2000', 'w2250']);
  expect(played.cursors.at(-1)).toMatchObject({ finished: true, row: 7, rows: 7, lap: 1, published: 7 });
});

test('with no rows asked for, silence has its watermarks too', async () => {
  const played = await play(replaySource(options(irregular, { watermarkMinRows: 0 })));
  expect(shape(played).filter((line) => line.startsWith('w'))).toEqual(
    [250, 500, 750, 1000, 1250, 1500, 1750, 2000, 2250].map((ms) => `w${ms}`),
  );
});

test('with many rows asked for, boundaries before that are passed over', async () => {
  const played = await play(replaySource(options(irregular, { watermarkMinRows: 5 })));
  expect(shape(played)).toEqual(['0', '10', '240', '255', '700', '700', 'w750', '2000', 'w2250']);
});

const recorded = fc.record({
  times: fc.array(fc.nat({ max: 3000 }), { minLength: 1, maxLength: 40 }),
  bad: fc.array(fc.nat({ max: 45 }), { maxLength: 4 }),
  laps: fc.integer({ min: 1, max: 3 }),
  batchRows: fc.integer({ min: 1, max: 10 }),
  watermarkMinRows: fc.integer({ min: 0, max: 4 }),
  speed: fc.constantFrom<number | 'max'>('max', 0.5, 1, 60),
  stops: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 12 }),
  posts: fc.boolean(),
});

test('rows, posts, watermarks and rejections do not depend on speed, batches or restarts', async () => {
  let serial = 0;
  await fc.assert(
    fc.asyncProperty(recorded, async ({ times, bad, laps, batchRows, watermarkMinRows, speed, stops, posts }) => {
      const lines = csv(times).split('\n');
      for (const place of bad) lines.splice(1 + (place % lines.length), 0, place % 2 === 0 ? 'x,1,2' : '1700000000000,-1,2');
      const file = files.file(`p${serial++}.csv`, lines.join('\n'));
      const make = (rest: Partial<ReplayOptions>): Source => {
        const source = replaySource(options(file, { laps, watermarkMinRows, watermarkEveryUs: 250_000, clock: fakeClock(5e12), ...rest }));
        return posts ? withMadeUpPosts(source, { seed: 7, perMinute: 300, instruments: ['x:A', 'x:B'] }) : source;
      };
      const whole = await play(make({}));
      expect(whole.error).toBeNull();
      const log: string[] = [];
      const rejected: number[] = [];
      let cursor: Cursor | null = null;
      for (const stop of [...stops, 0]) {
        const part: Played = await play(make({ speed, batchRows }), { cursor, ...(stop > 0 && { stopAfter: stop }) });
        expect(part.error).toBeNull();
        log.push(...part.log);
        rejected.push(...part.rejections.map(({ row }) => row));
        cursor = part.cursors.at(-1) ?? cursor;
      }
      const streams = (all: readonly string[]): string[][] => [
        all.filter((line) => !line.includes('"postId"')),
        all.filter((line) => line.includes('"postId"') || line.startsWith('watermark')),
      ];
      expect(streams(log)).toEqual(streams(whole.log));
      expect(rejected).toEqual(whole.rejections.map(({ row }) => row));
      expect(cursor).toEqual(whole.cursors.at(-1));
      expect(cursor?.finished).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test('a failed emission is not emitted again by the source, and its cursor not passed', async () => {
  const whole = await play(replaySource(options(irregular, { batchRows: 2 })));
  const first = await play(replaySource(options(irregular, { batchRows: 2 })), { failAt: 2 });
  expect(first.error).toMatchObject({ message: 'send failed' });
  expect(first.emissions).toBe(1);
  const rest = await play(replaySource(options(irregular, { batchRows: 2 })), { cursor: first.cursors.at(-1)! });
  expect([...first.log, ...rest.log]).toEqual(whole.log);
});

test('a finished recording returns at once', async () => {
  const { cursors } = await play(replaySource(options(irregular)));
  const again = await play(replaySource(options('/nowhere')), { cursor: cursors.at(-1)! });
  expect(again).toMatchObject({ emissions: 0, error: null });
});

test('laps go on in time: each begins a second after the one before', async () => {
  const file = files.file('laps.csv', csv([0, 100]));
  const played = await play(replaySource(options(file, { laps: 3, watermarkMinRows: 9 })));
  expect(shape(played)).toEqual(['0', '100', '1100', '1200', '2200', '2300', 'w2550']);
  expect(played.cursors.at(-1)).toMatchObject({ lap: 3, row: 2, rows: 2, published: 6, shiftUs: 2_200_000 });
});

test('laps without end go on until stopped; without a row that can be read they end', async () => {
  const file = files.file('forever.csv', csv([0, 100]));
  const played = await play(replaySource(options(file, { laps: 'forever', batchRows: 1 })), { stopAfter: 100 });
  // The one in flight and, at most, what was pending behind it.
  expect([100, 101]).toContain(played.emissions);
  expect(played.ticks).toBeGreaterThan(50);
  const empty = files.file('nothing.csv', 'ts_ms_utc,bid,ask\nx,1,2\n');
  const none = await play(replaySource(options(empty, { laps: 'forever' })));
  expect(none).toMatchObject({ ticks: 0, error: null });
  expect(none.rejections).toHaveLength(1);
  expect(none.cursors.at(-1)).toMatchObject({ finished: true });
});

test('times can be moved to now, go on from now after a restart, and never back', async () => {
  const clock = fakeClock(T0 + 5_000_000);
  const now = { times: 'now', watermarkMinRows: 99, batchRows: 2 } as const;
  const first = await play(replaySource(options(irregular, { ...now, clock })), { stopAfter: 1 });
  expect(shape(first)).toEqual(['5000000', '5000010']);
  expect(first.cursors[0]).toMatchObject({ shiftUs: 5_000_000_000, receiptTimeUs: (T0 + 5_000_010) * 1000 });
  const later = fakeClock(T0 + 6_000_000);
  const second = await play(replaySource(options(irregular, { ...now, clock: later })), { cursor: first.cursors[0]! });
  expect(shape(second).slice(0, 2)).toEqual(['6000000', '6000015']);
  const early = await play(replaySource(options(irregular, { ...now, clock: fakeClock(0) })), { cursor: first.cursors[0]! });
  expect(Number(shape(early)[0])).toBeGreaterThanOrEqual(5_000_010);
});

test('at a pace, rows come when they are due, those due together together', async () => {
  const clock = fakeClock(0);
  const due: [number, number][] = [];
  const source = replaySource(options(irregular, { speed: 2, clock, watermarkMinRows: 1 }));
  await source.run({
    cursor: null,
    cursors: () => Promise.resolve(new Map()),
    observe: () => undefined,
    signal: new AbortController().signal,
    reject: () => undefined,
    emit: ({ ticks }) => {
      if (ticks) due.push([clock.now(), ticks.length]);
      return Promise.resolve();
    },
  });
  // 0 | 10 within its tick | 240 and the boundary | 255 … at twice the speed.
  expect(due.map(([, rows]) => rows)).toEqual([1, 1, 1, 1, 2, 1]);
  const at = due.map(([ms]) => ms);
  expect(at[0]).toBe(0);
  expect(at.at(-1)).toBeGreaterThanOrEqual(1000);
  expect(at.at(-1)).toBeLessThan(1025);
});

test('rows that cannot be read are rejected by number, the others are published', async () => {
  const rows = ['1700000000000,1,2', '1700000000001,NaN,2', '1700000000002,-1,2', '1700000000003,1e999,2', ',1,2', '1700000000004,,2', '1700000000005,1', '1700000000006,1,2,3', '1700000000007,abc,2', '-5,1,2', '99999999999999999,1,2', '"1700000000008","3","4"'];
  const file = files.file('hostile.csv', gzipSync(`\uFEFFts_ms_utc,bid,ask\r\n${rows.join('\r\n')}`));
  const { log, rejections } = await play(replaySource(options(file)));
  expect(log).toHaveLength(3);
  expect(rejections.map(({ row, code, message, bytes }) => [row, code, message, String(Buffer.from(bytes))])).toEqual([
    [2, 'MALFORMED_RECORD', 'row 2: bid is not a number', rows[1]],
    [3, 'VALUE_OUT_OF_RANGE', 'row 3: bid is -1', rows[2]],
    [4, 'VALUE_OUT_OF_RANGE', 'row 4: bid is Infinity', rows[3]],
    [5, 'MALFORMED_RECORD', 'row 5: ts_ms_utc is not a time', rows[4]],
    [6, 'MALFORMED_RECORD', 'row 6: bid is not a number', rows[5]],
    [7, 'MALFORMED_RECORD', 'row 7: 2 fields instead of 3', rows[6]],
    [8, 'MALFORMED_RECORD', 'row 8: 4 fields instead of 3', rows[7]],
    [9, 'MALFORMED_RECORD', 'row 9: bid is not a number', rows[8]],
    [10, 'VALUE_OUT_OF_RANGE', 'row 10: ts_ms_utc is before 1970 or after 2999', rows[9]],
    [11, 'VALUE_OUT_OF_RANGE', 'row 11: ts_ms_utc is before 1970 or after 2999', rows[10]],
  ]);
  expect(rejections[1]!.receiptTime).toBe(1_700_000_000_002_000);
});

test('of a file that breaks off, what is whole is published before the error', async () => {
  const whole = csv(Array.from({ length: 200_000 }, (_, i) => i + (i % 7)));
  const zipped = gzipSync(whole);
  const file = files.file('broken.csv.gz', zipped.subarray(0, zipped.length - 1000));
  const played = await play(replaySource(options(file)), { quiet: true });
  expect(played.error).toMatchObject({ code: 'FILE_UNREADABLE' });
  expect(played.ticks).toBeGreaterThan(190_000);
  expect(played.ticks).toBeLessThan(200_000);
  expect(played.cursors.at(-1)).toMatchObject({ finished: false, row: played.ticks });
  files.file('broken.csv.gz', zipped);
  const rest = await play(replaySource(options(file)), { cursor: played.cursors.at(-1)!, quiet: true });
  expect(rest).toMatchObject({ error: null, ticks: 200_000 - played.ticks });
});

test('files that are missing, empty or of other columns say so', async () => {
  expect((await play(replaySource(options('/nowhere.csv')))).error).toMatchObject({ code: 'FILE_UNREADABLE' });
  expect((await play(replaySource(options(files.directory)))).error).toMatchObject({ code: 'FILE_UNREADABLE' });
  expect((await play(replaySource(options(files.file('empty.csv', ''))))).error).toMatchObject({ code: 'UNKNOWN_FORMAT' });
  expect((await play(replaySource(options(files.file('other.csv', 'a,b\n1,2\n'))))).error).toMatchObject({
    code: 'UNKNOWN_FORMAT',
    message: 'mapping quotes-ms names ts_ms_utc, bid, ask; the columns are a, b',
  });
  await expect(detectFile(files.file('other.csv', 'a,b\n1,2\n'))).rejects.toMatchObject({ code: 'UNKNOWN_FORMAT' });
  expect(() => detectMapping({ format: 'csv', columns: ['ts_ms_utc', 'bid', 'ask'] }, [...PRESETS, { ...mapping, name: 'mine' }])).toThrow(
    'fit several mappings: quotes-ms, mine',
  );
});

test('a mapping without what its kind needs is refused', async () => {
  const { bid, ...noBid } = mapping;
  expect(bid).toBe('bid');
  for (const wrong of [noBid, presetOf('quotes-ms')!, { ...mapping, kind: 'bar' as const }, { ...mapping, kind: 'post' as const }]) {
    expect((await play(replaySource({ ...options(irregular), mapping: wrong }))).error).toMatchObject({ code: 'CONFIG_INVALID' });
  }
  for (const wrong of [{ speed: 0 }, { laps: 0 }, { batchRows: 1.5 }, { speed: Number.NaN }]) {
    expect(() => replaySource(options(irregular, wrong))).toThrow('must be');
  }
});

test('posts: one for each instrument, authors hashed; a tweet without any is no post', async () => {
  const rows = [
    { id: '1', t: T0, text: 'up $A $B', lang: 'en', uid: '42', sym: ['A', 'B', 'A'] },
    { id: '2', t: T0 + 1, text: 'nothing', lang: null, uid: '43', sym: [] },
    { id: '3', t: T0 + 2, text: '', lang: 'en', uid: '43', sym: ['A'] },
  ];
  const file = files.file('tweets.ndjson', rows.map((row) => JSON.stringify(row)).join('\n'));
  const { log, rejections, cursors } = await play(replaySource({ ...options(file), mapping: presetOf('tweets')! }));
  const posts = log.slice(0, 2).map((line) => JSON.parse(line) as { instrument: string; author: string });
  expect(posts.map(({ instrument }) => instrument)).toEqual(['yahoo:A', 'yahoo:B']);
  expect(posts[0]!.author).toMatch(/^[0-9a-f]{16}$/);
  expect(log).toHaveLength(3);
  expect(rejections.map(({ message }) => message)).toEqual(['row 3: text is empty']);
  expect(cursors.at(-1)).toMatchObject({ row: 3, published: 2 });
});
