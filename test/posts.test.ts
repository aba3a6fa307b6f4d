/** Real tweets and real daily prices through the whole pipeline: replayed, resolved, merged, folded, predicted, reported. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { configSchema, runBacktest, type RunResults } from '#app';
import { defaultFeatures } from '#features';
import { Post, decodeFeatures, decodeJson, topicLayout, type FeatureRows, type TopicName } from '#proto';
import type { QueueRecord } from '#queue';
import { openEmbeddedQueue } from '#queue/embedded';
import { pino } from 'pino';

import { ROOT, scratchDirectory } from './support/recording.ts';

const shared = (name: string): string => join(ROOT, '../shared/data/tests-only', name);
const TWEETS = shared('stocknet_tweets_201401_201507.ndjson.gz');
const PRICES = shared('stocknet_price_raw.csv.gz');
const STOCKS = shared('stocknet_StockTable.tsv');
const present = [TWEETS, PRICES, STOCKS].every(existsSync);

const root = scratchDirectory();
afterAll(() => { root.remove(); });

const WEEK = 7 * 86_400;
const MAPPING = {
  name: 'daily',
  format: 'csv',
  instrument: { column: 'symbol', prefix: 'yahoo:' },
  event_time: { column: 'date', unit: 'iso', plus_us: 86_400_000_000 },
  kind: 'bar',
  open: 'open',
  high: 'high',
  low: 'low',
  close: 'close',
  volume: 'volume',
  interval: { us: 86_400_000_000 },
};

/** Half a year before the tweets, and their time, in order of days: the file is in order of symbols. */
function dailyBars(): string {
  const [header, ...lines] = gunzipSync(readFileSync(PRICES)).toString('utf8').trim().split('\n');
  const dated = lines.map((line) => ({ line, date: line.split(',')[1]! })).filter(({ date }) => date >= '2013-07-01' && date < '2015-08-01');
  dated.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
  const file = join(root.path, 'daily.csv');
  writeFileSync(file, `${[header, ...dated.map(({ line }) => line)].join('\n')}\n`);
  return file;
}

/** Every stock by its symbol, and by its company's name where that is written as such. */
function instruments(): string {
  const lines = readFileSync(STOCKS, 'utf8').trim().split('\n').slice(1).map((line) => line.split('\t'));
  const assets = lines.map(([, symbol, company]) => ({
    instruments: [`yahoo:${symbol!.slice(1)}`],
    symbols: [symbol!.slice(1)],
    names: [{ name: company!.trim(), letters: 'written' }],
  }));
  const file = join(root.path, 'instruments.yaml');
  writeFileSync(file, JSON.stringify({ assets }));
  return file;
}

async function run(directory: string, signal: AbortSignal): Promise<RunResults | null> {
  const config = configSchema.parse({
    queue: { directory },
    mappings: [MAPPING],
    sources: [{ name: 'backtest', kind: 'replay', file: join(root.path, 'daily.csv'), mapping: 'daily', speed: 'max', posts: { file: TWEETS } }],
    posts: { instruments: join(root.path, 'instruments.yaml') },
    target: { horizon: '1d', dead_band_bps: 25, label_tolerance: '1d' },
  });
  const result = await runBacktest({ config, logger: pino({ level: 'silent' }), signal });
  return result.finished ? result.results : null;
}

async function readAll(directory: string, topic: TopicName): Promise<QueueRecord[]> {
  const queue = await openEmbeddedQueue({ directory });
  const all: QueueRecord[] = [];
  const name = topicLayout({ prefix: 'foretick', inputs: 1, shards: 1 }).name(topic);
  for await (const { records } of queue.read({ topic: name, from: 'earliest', toEnd: true })) all.push(...records);
  await queue.close();
  return all;
}

const column = ({ values, names }: FeatureRows, row: number, name: string): number => values[row * names.length + defaultFeatures.names.indexOf(name)]!;

(present ? describe : describe.skip)('67,195 tweets beside daily prices (skipped: ../shared/data/tests-only is absent)', () => {
  const directory = join(root.path, 'run');

  test('the run ends, and its report is honest: a linear model on daily bars and tweets has no skill', async () => {
    dailyBars();
    instruments();
    const results = (await run(directory, new AbortController().signal))!;
    const [softmax, prior] = [results.models.find(({ model }) => model === 'softmax')!, results.models.find(({ model }) => model === 'prior')!];
    expect(softmax.outcomes).toBeGreaterThan(20_000);
    expect(softmax.outcomes).toBe(prior.outcomes);
    // The interval does not lie below 0: nobody is told that there is something to earn here.
    expect(softmax.versusBaseline!.high).toBeGreaterThan(0);
    expect(softmax.versusBaseline!.blocks).toBeGreaterThan(100);
    expect(results.deadLetters).toEqual({});
  }, 600_000);

  test('posts are about the stocks they name, each tweet once a stock, in order of receipt', async () => {
    const posts = (await readAll(directory, 'posts')).map(({ value }) => decodeJson(value!, Post)).filter(({ watermark }) => watermark === undefined);
    expect(posts.length).toBeGreaterThan(60_000);
    expect(new Set(posts.map(({ postId, instrument }) => `${postId} ${instrument}`)).size).toBe(posts.length);
    expect(new Set(posts.map(({ instrument }) => instrument)).size).toBeGreaterThan(80);
    expect(posts.every(({ receiptTimeUs }, i) => i === 0 || receiptTimeUs >= posts[i - 1]!.receiptTimeUs)).toBe(true);
    expect(posts.every(({ author }) => /^[0-9a-f]{16}$/.test(author))).toBe(true);
  });

  test('each bar sees the posts received before it and none after, and their sentiment', async () => {
    const times = new Map<string, number[]>();
    for (const { value } of await readAll(directory, 'posts')) {
      const { instrument, receiptTimeUs, watermark } = decodeJson(value!, Post);
      if (watermark !== undefined) continue;
      const own = times.get(instrument);
      if (own) own.push(receiptTimeUs);
      else times.set(instrument, [receiptTimeUs]);
    }
    let [rows, recent, good, bad] = [0, 0, 0, 0];
    for (const batch of (await readAll(directory, 'features')).map(decodeFeatures)) {
      for (let i = 0; i < batch.length; i++, rows++) {
        const name = batch.instruments[batch.instrument[i]!]!;
        const time = batch.receiptTime[i]!;
        const newest = times.get(name)?.findLast((posted) => posted <= time) ?? Number.NEGATIVE_INFINITY;
        const seconds = Math.min(WEEK, (time - newest) / 1e6);
        expect([name, time, column(batch, i, 'post_age_log')]).toEqual([name, time, expect.closeTo(Math.log(1 + seconds), 4)]);
        if (seconds < WEEK) recent += 1;
        const sentiment = column(batch, i, 'sentiment_1h');
        if (seconds === WEEK) expect(Math.abs(sentiment)).toBeLessThan(1e-6);
        if (sentiment > 0.01) good += 1;
        if (sentiment < -0.01) bad += 1;
      }
    }
    expect(rows).toBe(readFileSync(join(root.path, 'daily.csv'), 'utf8').trim().split('\n').length - 1);
    expect(recent).toBeGreaterThan(rows / 3);
    expect(good).toBeGreaterThan(bad);
    expect(bad).toBeGreaterThan(100);
  }, 60_000);
});
