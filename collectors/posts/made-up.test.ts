import { expect, test } from '@jest/globals';
import { TickKind, ticksOf } from '#proto';
import { replaySource } from '../replay/source.ts';
import { presetOf } from '../replay/presets.ts';
import { BINANCE } from '../testing/files.ts';
import { play } from '../testing/run.ts';
import { madeUpPosts, withMadeUpPosts } from './made-up.ts';

const options = { seed: 3, perMinute: 40, instruments: ['binance:BTC-USDT', 'binance:ETH-USDT'] };

test('the posts of a minute are those of its seed, in order, and say that they are made up', () => {
  const posts = madeUpPosts(options, 29_000_000);
  expect(posts).toEqual(madeUpPosts(options, 29_000_000));
  expect(posts).not.toEqual(madeUpPosts({ ...options, seed: 4 }, 29_000_000));
  const times = posts.map(({ receiptTimeUs }) => receiptTimeUs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  for (const post of posts) {
    expect(post).toMatchObject({ synthetic: true, source: 'made-up', language: 'en' });
    expect(options.instruments).toContain(post.instrument);
    expect(post.eventTimeUs).toBeLessThanOrEqual(post.receiptTimeUs);
    expect(Math.floor(post.receiptTimeUs / 60_000_000)).toBe(29_000_000);
  }
});

test('as many a minute as asked for, spread as a Poisson process is', () => {
  const counts = Array.from({ length: 4000 }, (_, i) => madeUpPosts(options, 28_000_000 + i).length);
  const mean = counts.reduce((sum, n) => sum + n, 0) / counts.length;
  const variance = counts.reduce((sum, n) => sum + (n - mean) ** 2, 0) / counts.length;
  expect(Math.abs(mean - 40)).toBeLessThan(0.5);
  expect(Math.abs(variance - 40)).toBeLessThan(4);
  expect(madeUpPosts({ ...options, perMinute: 0 }, 1)).toEqual([]);
});

test('beside a recording: all posts between its first row and its last watermark, each before the watermark that covers it', async () => {
  const source = withMadeUpPosts(replaySource({ name: 'r', file: BINANCE, mapping: presetOf('binance-l1')!, speed: 'max' }), options);
  const { log, posts } = await play(source);
  const receipts = log.map((line) => (line.startsWith('watermark') ? Number(line.slice(10)) : (JSON.parse(line) as { receiptTimeUs: number }).receiptTimeUs));
  const [first, last] = [receipts[0]!, receipts.at(-1)!];
  const all: number[] = [];
  for (let minute = Math.floor(first / 6e7); minute * 6e7 < last; minute++) all.push(...madeUpPosts(options, minute).map((post) => post.receiptTimeUs));
  expect(posts).toBe(all.filter((time) => time > first && time < last).length);
  let watermark = 0;
  log.forEach((line, i) => {
    if (line.startsWith('watermark')) watermark = receipts[i]!;
    else expect(receipts[i]).toBeGreaterThanOrEqual(watermark);
  });
});

test('a long silence comes in pieces, and a stop between them loses no post', async () => {
  const at = (time: number) => ticksOf('s', [{ instrument: 'a', kind: TickKind.TRADE, eventTime: time, receiptTime: time, price: 1 }]);
  const cursor = { source: 's', position: '', published: 0, rows: 0, row: 0, lap: 1, finished: false, shiftUs: 0, receiptTimeUs: 0, nextWatermarkUs: 0, ordinals: undefined, instrument: '' };
  const inner = {
    name: 's',
    async run({ cursor: from, signal, emit }: Parameters<ReturnType<typeof replaySource>['run']>[0]) {
      for (let row = from?.row ?? 0; row < 2 && !signal.aborted; row++) await emit({ ticks: at(6e7 + row * 6e9), cursor: { ...cursor, row: row + 1 } });
    },
  };
  const whole = await play(withMadeUpPosts(inner, options));
  expect(whole.posts).toBeGreaterThan(3000);
  expect(whole.emissions).toBeGreaterThan(4);
  const first = await play(withMadeUpPosts(inner, options), { failAt: 3 });
  const rest = await play(withMadeUpPosts(inner, options), { cursor: first.cursors.at(-1)! });
  expect([...first.log, ...rest.log]).toEqual(whole.log);
});
