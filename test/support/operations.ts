/** What the operator's commands do to a queue, the same cases for both drivers. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { cursorRecord, readSubscriptions, shareName, subscriptionRecord, unsubscription } from '#collectors';
import { defaultFeatures } from '#features';
import { silentObserver, startFeatureWorker } from '#processing';
import {
  CONTENT_ARROW, CONTENT_JSON, SCHEMA, TickKind, decodeFeatures, decodePost, decodeTicks, encodePostJson, encodeTickJson, encodeTicksArrow, headersOf,
  partitionOf, ticksOf, topicLayout, watermarkJson, Cursor, Post, Subscription, type ErrorCode, type TickRow, type TopicLayout,
} from '#proto';
import type { OutputRecord, Queue, QueueRecord } from '#queue';
import { deadLetterDetails, findDeadLetters, groupLags } from '#serving';

import { createMissing, migrate, planTopics, retryDeadLetters } from '#app';
import { eventually } from './program.ts';
import { randomOf } from './random.ts';

const T0 = 1_750_000_000_000_000;
const TICK = headersOf(CONTENT_JSON, SCHEMA.tick);
const TICKS = headersOf(CONTENT_ARROW, SCHEMA.tick);
const POST = headersOf(CONTENT_JSON, SCHEMA.post);
const STRICT = { maxLatenessUs: 60e6, maxFutureUs: 1e6 };
const MILD = { maxLatenessUs: 3600e6, maxFutureUs: 1e6 };

const trade = (instrument: string, at: number, price = 100, late = 1000): TickRow => ({ instrument, kind: TickKind.TRADE, eventTime: T0 + at - late, receiptTime: T0 + at, price, size: 1 });
const json = (row: TickRow): string => encodeTickJson(ticksOf('sim', [row]), 0);

export interface OpenedQueue {
  readonly queue: Queue;
  /** For the names of topics and groups. */
  readonly prefix: string;
  close(): Promise<void>;
}

export function operations(name: string, open: () => Promise<OpenedQueue>): void {
  describe(`operations on ${name}`, () => {
    let opened: OpenedQueue;
    let queue: Queue;
    let layout: TopicLayout;
    beforeEach(async () => {
      opened = await open();
      ({ queue } = opened);
      layout = topicLayout({ prefix: `${opened.prefix}a`, inputs: 3, shards: 1 });
    });
    afterEach(() => opened.close());

    const send = async (records: readonly OutputRecord[]): Promise<void> => {
      const producer = await queue.producer();
      await producer.send(records);
      await producer.close();
    };
    const all = async (topic: string): Promise<QueueRecord[]> => {
      const records: QueueRecord[] = [];
      for await (const batch of queue.read({ topic, from: 'earliest', toEnd: true })) records.push(...batch.records);
      return records;
    };

    test('topics are created where they are missing, and never changed', async () => {
      const specs = layout.specs({ retentionMs: 86_400_000 });
      await queue.ensureTopics(specs.filter(({ name: topic }) => topic === layout.name('quotes')));
      const plan = await planTopics(queue, specs);
      expect(plan.filter(({ state }) => state === 'same').map(({ name: topic }) => topic)).toEqual([layout.name('quotes')]);
      await createMissing(queue, plan);
      expect(new Set((await planTopics(queue, specs)).map(({ state }) => state))).toEqual(new Set(['same']));

      const other = topicLayout({ prefix: layout.prefix, inputs: 4, shards: 1 }).specs({ retentionMs: 86_400_000 });
      const differing = await planTopics(queue, other);
      expect(differing.find(({ name: topic }) => topic === layout.name('quotes'))).toMatchObject({ state: 'differs', blocking: true, differences: ['partitions: 3, configured 4'] });
      await createMissing(queue, differing);
      expect(new Set((await planTopics(queue, specs)).map(({ state }) => state))).toEqual(new Set(['same']));
    });

    test('a migration places every row by its key, in the order it had, with its time and headers', async () => {
      await queue.ensureTopics(layout.specs());
      const random = randomOf(7).next;
      const instruments = Array.from({ length: 9 }, (_, i) => `sim:I${i}`);
      const records: OutputRecord[] = [];
      let at = 0;
      const repeats = new Set<string>();
      for (let i = 0; i < 150; i++) {
        at += 1 + Math.floor(random() * 5000);
        const instrument = instruments[Math.floor(random() * instruments.length)]!;
        const partition = partitionOf(instrument, 3);
        const kind = random();
        if (kind < 0.5) records.push({ topic: layout.name('quotes'), partition, key: instrument, value: json(trade(instrument, at, 1 + i)), headers: { ...TICK, traceparent: `trace-${i}` }, timestamp: 1000 + i });
        // Named by its writer, and sent twice, as after a crash: the repeat is left behind.
        else if (kind < 0.55) {
          const named = { topic: layout.name('quotes'), partition, key: `named ${i}`, value: json(trade(instrument, at, 1 + i)), headers: { ...TICK, task: 'source/sim', ordinal: String(i) }, timestamp: 1000 + i };
          records.push(named, named);
          repeats.add(`named ${i}`);
        }
        else if (kind < 0.75) {
          const own = instruments.filter((each) => partitionOf(each, 3) === partition);
          const rows = Array.from({ length: 1 + Math.floor(random() * 40) }, (_, row) => trade(own[Math.floor(random() * own.length)]!, at + row, i + row / 100));
          at += rows.length;
          records.push({ topic: layout.name('quotes'), partition, value: encodeTicksArrow(ticksOf('sim', rows), null), headers: TICKS, timestamp: 1000 + i });
        } else if (kind < 0.85) {
          records.push({ topic: layout.name('posts'), partition, key: instrument, value: encodePostJson(Post.fromPartial({ instrument, source: 'sim', receiptTimeUs: T0 + at, text: `post ${i}` })), headers: POST, timestamp: 1000 + i });
        } else {
          for (let place = 0; place < 3; place++) {
            records.push({ topic: layout.name('quotes'), partition: place, value: watermarkJson('sim', T0 + at), headers: TICK, timestamp: 1000 + i });
            records.push({ topic: layout.name('posts'), partition: place, value: watermarkJson('sim', T0 + at), headers: POST, timestamp: 1000 + i });
          }
        }
      }
      records.push({ topic: layout.name('quotes'), partition: 1, key: 'sim:I1', value: 'not a tick', headers: TICK });
      records.push({ topic: layout.name('cursors'), key: 'sim', value: '{"source":"sim"}', headers: headersOf(CONTENT_JSON, SCHEMA.cursor) });
      // Of a source that processes share: what it collects, and up to when each part was.
      const subscriptions = instruments.map((instrument) => Subscription.fromPartial({ source: 'shared', instrument, symbol: instrument.slice(4), sinceUs: T0 }));
      records.push(...subscriptions.map((one) => subscriptionRecord(layout, one)), unsubscription(layout, subscriptions[3]!));
      for (const [partition, receiptTimeUs] of [T0 + 30, T0 + 20, T0 + 40].entries()) records.push(cursorRecord(layout, Cursor.fromPartial({ source: 'shared', instrument: shareName(partition), receiptTimeUs })));
      await send(records);

      const to = topicLayout({ prefix: `${opened.prefix}b`, inputs: 5, shards: 2 });
      const options = { from: layout, to, specs: to.specs(), groups: new Map(), maxLatenessUs: STRICT.maxLatenessUs };
      await migrate(queue, { ...options, dryRun: true });
      expect((await queue.topics()).some(({ name: topic }) => topic.startsWith(to.prefix))).toBe(false);
      const migrated = await migrate(queue, options);

      const [before, after] = [withoutRepeats(await all(layout.name('quotes'))), await all(to.name('quotes'))];
      expect(after.filter(({ key }) => key !== null && repeats.has(String(Buffer.from(key))))).toHaveLength(repeats.size);
      const [old, moved] = [byInstrument(before), byInstrument(after)];
      expect(moved).toEqual(old);
      expect(migrated.find(({ topic }) => topic === 'quotes')!.rows).toBe([...old.values()].reduce((sum, rows) => sum + rows.length, 0) + 1);
      expect(placesOf(after)).toEqual(new Map(instruments.filter((each) => old.has(each)).map((each) => [each, new Set([partitionOf(each, 5)])])));
      for (let partition = 0; partition < 5; partition++) {
        const own = after.filter((record) => record.partition === partition);
        expect(watermarksOf(own)).toEqual(watermarksOf(before.filter((record) => record.partition === 0)));
        const times = own.flatMap(receiptTimes);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }
      expect(plain(after)).toEqual(plain(before));
      const posts = [await all(layout.name('posts')), await all(to.name('posts'))].map((list) => list.filter(({ key }) => key !== null).map((record) => [decodePost(record).text, record.timestamp]).sort());
      expect(posts[1]).toEqual(posts[0]);
      expect((await all(to.name('cursors'))).map(({ key, value }) => [String(Buffer.from(key!)), String(Buffer.from(value!))])).toEqual([
        ['sim', '{"source":"sim"}'],
        ...Array.from({ length: 5 }, (_, partition) => [`shared/#${partition}`, expect.stringContaining(`"receiptTimeUs":${T0 + 20}`)]),
      ]);
      expect((await readSubscriptions(queue, to)).map(({ instrument }) => instrument)).toEqual(instruments.filter((instrument) => instrument !== subscriptions[3]!.instrument).sort());
      expect((await queue.offsets(to.name('features'))).map(({ end }) => end)).toEqual([0, 0]);

      await expect(migrate(queue, options)).rejects.toMatchObject({ code: 'TOPIC_MISMATCH' });
    }, 120_000);

    test('a migration refuses what is not drained, and its own prefix', async () => {
      await queue.ensureTopics(layout.specs());
      await send([{ topic: layout.name('quotes'), key: 'sim:X', value: json(trade('sim:X', 1)), headers: TICK }]);
      const to = topicLayout({ prefix: `${opened.prefix}b`, inputs: 5, shards: 2 });
      const options = { from: layout, to, specs: to.specs(), groups: new Map([[`${layout.prefix}.features`, ['quotes', 'posts'] as const]]), maxLatenessUs: 60e6 };
      await expect(migrate(queue, options)).rejects.toMatchObject({ code: 'NOT_DRAINED' });
      await expect(migrate(queue, { ...options, to: layout, force: true })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      expect((await migrate(queue, { ...options, force: true })).find(({ topic }) => topic === 'quotes')).toMatchObject({ rows: 1, partitions: 5 });
    });

    test('the lag of a group is counted from its commit, in records and seconds', async () => {
      await queue.ensureTopics(layout.specs());
      const group = `${layout.prefix}.readers`;
      const topic = layout.name('features');
      await send(Array.from({ length: 10 }, (_, i) => ({ topic, partition: 0, value: `${i}`, timestamp: 1_000_000 + 1000 * i })));
      const member = await queue.join({
        group,
        topics: [topic],
        createTask: () => ({
          run: async (context) => {
            let read = 0;
            while (read < 4 && !context.signal.aborted) {
              const [batch] = await context.poll({ maxRecords: 4 - read });
              read += batch?.records.length ?? 0;
              if (batch && batch.records.length > 0) await context.commit({ offsets: new Map([[topic, batch.records.at(-1)!.offset + 1]]) });
            }
          },
        }),
        onFailure: () => undefined,
      });
      await eventually('the commit', async () => ((await queue.committed(group, topic)).get(0) === 4 ? true : undefined));
      await member.leave();
      const idle = new Map([[`${layout.prefix}.idle`, ['features'] as const]]);
      expect(await groupLags(queue, layout, idle, () => 1_010_000)).toEqual([
        { group: `${layout.prefix}.idle`, topic: 'features', partition: 0, committed: null, end: 10, records: 10, seconds: 10 },
        { group, topic: 'features', partition: 0, committed: 4, end: 10, records: 6, seconds: 6 },
      ]);
    });

    test('bad records go to dead-letters with their code and origin, whole as far as they fit, and the partition goes on', async () => {
      layout = topicLayout({ prefix: `${opened.prefix}a`, inputs: 1, shards: 1 });
      await queue.ensureTopics(layout.specs());
      const quotes = layout.name('quotes');
      const YEAR = 365 * 86_400e6;
      const future: TickRow = { ...trade('sim:A', 10), eventTime: T0 + YEAR };
      const bad: [string, ErrorCode, OutputRecord][] = [
        ['not JSON', 'MALFORMED_RECORD', { topic: quotes, value: '{"instrument":', headers: TICK }],
        ['another schema', 'UNSUPPORTED_SCHEMA', { topic: quotes, value: '{}', headers: { ...TICK, schema: 'foretick.v9.Tick' } }],
        ['not a number', 'VALUE_OUT_OF_RANGE', { topic: quotes, value: encodeTicksArrow(ticksOf('sim', [trade('sim:A', 10, Number.NaN)]), null), headers: TICKS }],
        ['a negative price', 'VALUE_OUT_OF_RANGE', { topic: quotes, value: json(trade('sim:A', 11, -5)), headers: TICK }],
        ['a year in the future', 'FUTURE_EVENT', { topic: quotes, value: json(future), headers: TICK }],
        ['5 MB', 'MALFORMED_RECORD', { topic: quotes, value: `"${'x'.repeat(5_000_000)}`, headers: TICK }],
      ];
      const good = (at: number): OutputRecord => ({ topic: quotes, key: 'sim:A', value: json(trade('sim:A', at)), headers: TICK });
      await send([good(1)]);
      for (const [, , record] of bad) await send([record, good(20)]);
      await send([
        { topic: quotes, partition: 0, value: watermarkJson('sim', T0 + 30), headers: TICK },
        { topic: layout.name('posts'), partition: 0, value: watermarkJson('sim', T0 + 30), headers: POST },
      ]);
      const worker = await startFeatureWorker({
        queue, layout, set: defaultFeatures, sentimentOf: () => 0, ...STRICT, maxLetterBytes: 8_000_000, observer: () => silentObserver,
        onFailure: (error) => { throw error; },
      });
      const rows = async (): Promise<number> => (await all(layout.name('features'))).flatMap(namesOf).length;
      await eventually('the good rows are there', async () => ((await rows()) === 1 + bad.length ? true : undefined), 40_000);
      await worker.leave();
      const letters = await all(layout.name('dead-letters'));
      expect(letters.map(({ headers }) => [headers['topic'], headers['partition'], headers['offset'], headers['code']])).toEqual(bad.map(([, code], i) => [quotes, '0', String(1 + 2 * i), code]));
      expect(letters.at(-1)!.value!.length).toBe(5_000_001);
    }, 120_000);

    test('a dead letter goes back when a worker would take it, once, with its attempt counted', async () => {
      layout = topicLayout({ prefix: `${opened.prefix}a`, inputs: 1, shards: 1 });
      await queue.ensureTopics(layout.specs());
      const quotes = layout.name('quotes');
      const mark = (at: number): OutputRecord[] => [
        { topic: quotes, partition: 0, value: watermarkJson('sim', T0 + at), headers: TICK },
        { topic: layout.name('posts'), partition: 0, value: watermarkJson('sim', T0 + at), headers: POST },
      ];
      const batch = ticksOf('sim', [trade('sim:B', 20), trade('sim:B', 21, 5, 120e6), trade('sim:B', 22)]);
      await send([
        { topic: quotes, key: 'sim:A', value: json(trade('sim:A', 10, 7, 120e6)), headers: { ...TICK, traceparent: 'kept', task: 'source/sim', ordinal: '0' } },
        { topic: quotes, key: 'sim:A', value: 'not a tick', headers: TICK },
        { topic: quotes, value: encodeTicksArrow(batch, null), headers: TICKS },
        ...mark(30),
      ]);
      const work = async (limits: typeof STRICT, until: () => Promise<true | undefined>): Promise<void> => {
        const worker = await startFeatureWorker({
          queue, layout, set: defaultFeatures, sentimentOf: () => 0, ...limits, observer: () => silentObserver,
          onFailure: (error) => { throw error; },
        });
        await eventually('the worker has done it', until, 40_000);
        await worker.leave();
      };
      const letters = (): ReturnType<typeof findDeadLetters> => findDeadLetters(queue, layout, { limit: 100 });
      const rows = async (): Promise<string[]> => (await all(layout.name('features'))).flatMap((record) => namesOf(record));
      await work(STRICT, async () => ((await letters()).length === 3 && (await rows()).length === 2 ? true : undefined));

      const found = await letters();
      const [inBatch, malformed, late] = found.map(({ letter }) => letter) as [number, number, number];
      expect(found.map(({ code, row, attempt, retried }) => ({ code, row, attempt, retried }))).toEqual([
        { code: 'LATE_EVENT', row: 1, attempt: 1, retried: false },
        { code: 'MALFORMED_RECORD', row: 0, attempt: 1, retried: false },
        { code: 'LATE_EVENT', row: 0, attempt: 1, retried: false },
      ]);
      expect((await findDeadLetters(queue, layout, { limit: 1, code: 'LATE_EVENT', topic: 'quotes' })).map(({ letter }) => letter)).toEqual([inBatch]);
      expect(await findDeadLetters(queue, layout, { limit: 9, topic: 'posts' })).toEqual([]);
      expect((await deadLetterDetails(queue, layout, inBatch)).rows).toMatchObject([{ instrument: 'sim:B', trade: { price: 5 } }]);

      const all3 = [late, malformed, inBatch];
      expect((await retryDeadLetters(queue, layout, { letters: all3, limits: STRICT })).map(({ retried, code }) => ({ retried, code }))).toEqual([
        { retried: false, code: 'LATE_EVENT' },
        { retried: false, code: 'MALFORMED_RECORD' },
        { retried: false, code: 'LATE_EVENT' },
      ]);
      expect((await retryDeadLetters(queue, layout, { letters: [late], limits: MILD, dryRun: true }))[0]).toMatchObject({ retried: false, code: null });
      expect((await letters()).some(({ retried }) => retried)).toBe(false);

      // A worker that was not told of the milder limits refuses once more: the second try.
      expect((await retryDeadLetters(queue, layout, { letters: [late], limits: MILD }))[0]).toMatchObject({ retried: true, topic: quotes, partition: 0, attempt: 2 });
      expect((await all(quotes)).at(-1)!.headers).toEqual({ ...TICK, traceparent: 'kept', attempt: '2', 'retry-of': String(late) });
      await send(mark(40));
      await work(STRICT, async () => ((await letters()).length === 4 ? true : undefined));
      expect((await letters())[0]).toMatchObject({ code: 'LATE_EVENT', attempt: 2, retried: false });
      expect((await letters()).find(({ letter }) => letter === late)).toMatchObject({ retried: true });

      expect((await retryDeadLetters(queue, layout, { letters: [late, inBatch], limits: MILD })).map(({ retried, reason }) => [retried, reason])).toEqual([
        [false, 'it was put back before; --again does it once more'],
        [true, null],
      ]);
      await send(mark(50));
      await work(MILD, async () => ((await rows()).length === 3 ? true : undefined));
      expect(await rows()).toEqual(['sim:B', 'sim:B', 'sim:B']);
      await expect(retryDeadLetters(queue, layout, { letters: [999], limits: MILD })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    }, 120_000);
  });
}

const isMark = (record: QueueRecord): boolean => record.value !== null && Buffer.from(record.value).includes('"watermark"');

function ticksIn(record: QueueRecord): ReturnType<typeof decodeTicks> | null {
  return String(Buffer.from(record.value ?? [])) === 'not a tick' || isMark(record) ? null : decodeTicks(record);
}

function withoutRepeats(records: readonly QueueRecord[]): QueueRecord[] {
  const seen = new Set<string>();
  return records.flatMap((record) => {
    const { task, ordinal, ...headers } = record.headers;
    if (task === undefined) return [record];
    const name = `${record.partition} ${task} ${ordinal!}`;
    if (seen.has(name)) return [];
    seen.add(name);
    return [{ ...record, headers }];
  });
}

function byInstrument(records: readonly QueueRecord[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const record of records) {
    const ticks = ticksIn(record);
    for (let i = 0; i < (ticks?.length ?? 0); i++) {
      const instrument = ticks!.instruments[ticks!.instrument[i]!]!;
      found.set(instrument, [...(found.get(instrument) ?? []), encodeTickJson(ticks!, i)]);
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function placesOf(records: readonly QueueRecord[]): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>();
  for (const record of records) {
    for (const [instrument] of byInstrument([record])) found.set(instrument, (found.get(instrument) ?? new Set()).add(record.partition));
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const watermarksOf = (records: readonly QueueRecord[]): number[] => records.filter(isMark).map((record) => (JSON.parse(String(Buffer.from(record.value!))) as { receiptTimeUs: number }).receiptTimeUs);

function receiptTimes(record: QueueRecord): number[] {
  const ticks = ticksIn(record);
  return ticks ? Array.from(ticks.receiptTime.subarray(0, ticks.length)) : isMark(record) ? watermarksOf([record]) : [];
}

/** Records of one row: bytes, times and headers as they were. */
function plain(records: readonly QueueRecord[]): unknown[] {
  return records.filter(({ key }) => key !== null).map(({ key, value, headers, timestamp }) => JSON.stringify([String(Buffer.from(key!)), String(Buffer.from(value!)), Object.entries(headers).sort(), timestamp])).sort();
}

function namesOf(record: QueueRecord): string[] {
  const rows = decodeFeatures(record);
  return Array.from({ length: rows.length }, (_, i) => rows.instruments[rows.instrument[i]!]!);
}
