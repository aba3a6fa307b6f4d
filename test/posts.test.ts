/** Real tweets and real daily prices through the pipeline: collected, merged, folded, predicted. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

import { expect, test } from '@jest/globals';

import { presetOf, replaySource, type Mapping } from '#collectors';
import { defaultFeatures } from '#features';
import { groupNames, silentObserver, startFeatureWorker, startTrainingWorker } from '#processing';
import {
  CONTENT_ARROW,
  CONTENT_JSON,
  SCHEMA,
  decodeFeatures,
  decodeOutcomes,
  decodePredictions,
  encodePostJson,
  encodeTicksArrow,
  headersOf,
  topicLayout,
  watermarkJson,
  type Post,
  type TopicName,
} from '#proto';
import type { OutputRecord, Queue, QueueRecord } from '#queue';
import { openEmbeddedQueue } from '#queue/embedded';

const shared = (name: string): string => fileURLToPath(new URL(`../../shared/data/tests-only/${name}`, import.meta.url));
const TWEETS = shared('stocknet_tweets_201401_201507.ndjson.gz');
const PRICES = shared('stocknet_price_raw.csv.gz');
const present = existsSync(TWEETS) && existsSync(PRICES);

const SYMBOLS = ['AAPL', 'GOOG', 'AMZN', 'C', 'XOM'];
const DAY = 86_400e6;
const WEEK = 7 * 86_400;
const layout = topicLayout({ prefix: 'test', inputs: 1, shards: 1 });

const DAILY: Mapping = {
  name: 'stocknet-prices',
  format: 'csv',
  instrument: { column: 'symbol', prefix: 'yahoo:' },
  eventTime: { column: 'date', unit: 'iso', plusUs: DAY },
  kind: 'bar',
  open: 'open',
  high: 'high',
  low: 'low',
  close: 'close',
  volume: 'volume',
  interval: { us: DAY },
};

/** The days of the tweets, in order of time: the file is in order of symbols. */
function pricesByDay(): string {
  const [header, ...lines] = gunzipSync(readFileSync(PRICES)).toString('utf8').trim().split('\n');
  const dated = lines.map((line) => ({ line, symbol: line.split(',')[0]!, date: line.split(',')[1]! }));
  const wanted = dated.filter(({ symbol, date }) => SYMBOLS.includes(symbol) && date >= '2014-01-01' && date < '2015-08-01');
  return [header, ...wanted.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0)).map(({ line }) => line)].join('\n');
}

interface Collected {
  readonly records: OutputRecord[];
  readonly posts: Post[];
  newest: number;
}

/** What a source emits, as records; posts about other instruments left out. */
async function collect(file: string, mapping: Mapping): Promise<Collected> {
  const collected: Collected = { records: [], posts: [], newest: 0 };
  const rejected: string[] = [];
  await replaySource({ name: mapping.name, file, mapping, speed: 'max' }).run({
    cursor: null,
    signal: new AbortController().signal,
    reject: ({ code, message }) => rejected.push(`${code} ${message}`),
    emit: ({ ticks, posts = [] }) => {
      if (ticks && ticks.length > 0) {
        collected.records.push({ topic: layout.name('quotes'), partition: 0, value: encodeTicksArrow(ticks, null), headers: headersOf(CONTENT_ARROW, SCHEMA.tick) });
        collected.newest = Math.max(collected.newest, ticks.receiptTime[ticks.length - 1]!);
      }
      for (const post of posts.filter(({ instrument }) => SYMBOLS.includes(instrument.replace('yahoo:', '')))) {
        collected.posts.push(post);
        collected.records.push({ topic: layout.name('posts'), partition: 0, value: encodePostJson(post), headers: headersOf(CONTENT_JSON, SCHEMA.post) });
        collected.newest = Math.max(collected.newest, post.receiptTimeUs);
      }
      return Promise.resolve();
    },
  });
  expect(rejected).toEqual([]);
  return collected;
}

async function caughtUp(queue: Queue, group: string, topics: readonly TopicName[]): Promise<void> {
  for (const topic of topics) {
    const [end] = await queue.offsets(layout.name(topic));
    while ((await queue.committed(group, layout.name(topic))).get(0) !== end!.end) await sleep(10);
  }
}

async function readAll(queue: Queue, topic: TopicName): Promise<QueueRecord[]> {
  const all: QueueRecord[] = [];
  for await (const { records } of queue.read({ topic: layout.name(topic), from: 'earliest', toEnd: true })) all.push(...records);
  return all;
}

const onFailure = (error: unknown): void => {
  throw error;
};

async function runPipeline(queue: Queue): Promise<void> {
  const features = await startFeatureWorker({ queue, layout, set: defaultFeatures, observer: () => silentObserver, onFailure });
  await caughtUp(queue, groupNames.features(layout), ['quotes', 'posts']);
  await features.leave();
  const training = await startTrainingWorker({
    queue,
    layout,
    spec: { name: 'persistence', kind: 'persistence', batch: 1 },
    featureSet: defaultFeatures.id,
    featureNames: defaultFeatures.names,
    target: { horizonUs: DAY / 2, deadBandBps: 10, classes: 3, toleranceUs: 5 * DAY },
    evaluateEvery: 100,
    observer: () => silentObserver,
    onFailure,
  });
  await caughtUp(queue, groupNames.training(layout, 'persistence'), ['features']);
  await training.leave();
}

(present ? test : test.skip)(
  'tweets merged with daily prices: each bar sees the posts received before it and none after (skipped: ../shared/data/tests-only is absent)',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'foretick-posts-'));
    const queue = await openEmbeddedQueue({ directory });
    try {
      const file = join(directory, 'prices.csv');
      writeFileSync(file, pricesByDay());
      const [bars, tweets] = [await collect(file, DAILY), await collect(TWEETS, presetOf('tweets')!)];
      expect(tweets.posts.length).toBeGreaterThan(5_000);
      const end = Math.max(bars.newest, tweets.newest) + 1;
      await queue.ensureTopics(layout.specs());
      const producer = await queue.producer();
      await producer.send([
        ...bars.records,
        ...tweets.records,
        { topic: layout.name('quotes'), partition: 0, value: watermarkJson('end', end), headers: headersOf(CONTENT_JSON, SCHEMA.tick) },
        { topic: layout.name('posts'), partition: 0, value: watermarkJson('end', end), headers: headersOf(CONTENT_JSON, SCHEMA.post) },
      ]);
      await runPipeline(queue);

      expect(await readAll(queue, 'dead-letters')).toEqual([]);
      const column = defaultFeatures.names.indexOf('post_age_log');
      let rows = 0;
      let recent = 0;
      for (const batch of (await readAll(queue, 'features')).map(decodeFeatures)) {
        for (let i = 0; i < batch.length; i++, rows++) {
          const [name, time] = [batch.instruments[batch.instrument[i]!]!, batch.receiptTime[i]!];
          const newest = Math.max(...tweets.posts.filter((post) => post.instrument === name && post.receiptTimeUs < time).map((post) => post.receiptTimeUs));
          const seconds = Math.min(WEEK, (time - newest) / 1e6);
          expect([name, time, batch.values[i * batch.names.length + column]]).toEqual([name, time, expect.closeTo(Math.log(1 + seconds), 4)]);
          if (seconds < WEEK) recent += 1;
        }
      }
      expect(rows).toBe(pricesByDay().split('\n').length - 1);
      expect(recent).toBeGreaterThan(rows / 2);

      const predictions = (await readAll(queue, 'predictions')).flatMap(decodePredictions);
      expect(predictions.map(({ ordinal }) => ordinal)).toEqual(Array.from({ length: rows }, (_, i) => i));
      const scored = (await readAll(queue, 'outcomes')).flatMap(decodeOutcomes).filter(({ expired }) => !expired);
      expect(scored.length).toBeGreaterThan(rows / 2);
    } finally {
      await queue.close();
      rmSync(directory, { recursive: true, force: true });
    }
  },
  180_000,
);
