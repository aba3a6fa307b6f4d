import { afterAll, describe, expect, test } from '@jest/globals';
import { hasCode } from '#proto';
import { replaySource } from '../replay/source.ts';
import { presetOf } from '../replay/presets.ts';
import type { Mapping } from '../replay/mapping.ts';
import { play } from '../testing/run.ts';
import { scratch } from '../testing/files.ts';
import { withRecordedPosts } from './recorded.ts';

const root = scratch();
afterAll(() => { root.remove(); });

const TRADES: Mapping = {
  name: 'trades', format: 'csv', instrument: { value: 'x:A' }, eventTime: { column: 'ms', unit: 'ms' }, kind: 'trade', price: 'price',
};
const TWEETS = presetOf('tweets')!;

const file = (name: string, lines: readonly string[]): string => root.file(name, `${lines.join('\n')}\n`);

const tweet = (t: number, sym: readonly string[], text = `about ${sym.join()}`): string =>
  JSON.stringify({ id: `${t}`, t, sym, text, uid: 'someone', lang: 'en' });
/** Trades at 1,000, 2,000, … ms. */
const trades = (count: number): string => file(`trades-${count}.csv`, ['ms,price', ...Array.from({ length: count }, (_, i) => `${1000 * (i + 1)},${100 + i}`)]);
const source = (count: number, posts: readonly string[], more: Partial<Parameters<typeof withRecordedPosts>[1]> = {}) =>
  withRecordedPosts(
    replaySource({ name: 'r', file: trades(count), mapping: TRADES, speed: 'max', batchRows: 4, watermarkEveryUs: 1_000_000, watermarkMinRows: 2 }),
    { file: file('posts.ndjson', posts), mapping: TWEETS, ...more },
  );

interface Line {
  readonly instrument: string;
  readonly receiptTimeUs: number;
  readonly postId?: string;
}
const parsed = (log: readonly string[]): (Line | number)[] => log.map((line) => (line.startsWith('watermark') ? Number(line.slice(10)) : (JSON.parse(line) as Line)));
const postsOf = (log: readonly string[]): Line[] => parsed(log).filter((line): line is Line => typeof line === 'object' && line.postId !== undefined);

test('posts go out in their order, none before a watermark that covers it, those from before the first and behind the last row too', async () => {
  const times = [10, 500, 1500, 1500, 3999, 4000, 9999, 25_000, 90_000];
  const { log, rejections, error } = await play(source(20, times.map((t) => tweet(t, ['AAPL']))));
  expect([rejections, error]).toEqual([[], null]);
  expect(postsOf(log).map(({ receiptTimeUs }) => receiptTimeUs / 1000)).toEqual(times);
  let watermark = 0;
  let ticks = 0;
  for (const line of parsed(log)) {
    if (typeof line === 'number') watermark = line;
    else {
      expect(line.receiptTimeUs).toBeGreaterThanOrEqual(watermark);
      if (line.postId === undefined) ticks += 1;
    }
  }
  expect(ticks).toBe(20);
  expect(watermark).toBeGreaterThan(90_000_000);
});

test('a stop at any emission, and going on, is as if there had been none', async () => {
  const posts = Array.from({ length: 60 }, (_, i) => (i % 13 === 5 ? 'not json' : tweet((i + 1) * 777, i % 3 === 0 ? ['AAPL', 'MSFT'] : ['C'])));
  const whole = await play(source(40, posts));
  expect(whole.emissions).toBeGreaterThan(8);
  expect(whole.rejections).toHaveLength(posts.filter((line) => line === 'not json').length);
  for (let at = 1; at <= whole.emissions; at++) {
    const first = await play(source(40, posts), { failAt: at });
    const rest = await play(source(40, posts), { cursor: first.cursors.at(-1) ?? null });
    expect([at, postsOf([...first.log, ...rest.log])]).toEqual([at, postsOf(whole.log)]);
    expect([...first.rejections, ...rest.rejections].map(({ row }) => row)).toEqual(whole.rejections.map(({ row }) => row));
  }
  const after = await play(source(40, posts), { cursor: whole.cursors.at(-1)! });
  expect(after.emissions).toBe(0);
});

test('many posts before the first row come in pieces, and a stop between them loses none', async () => {
  const posts = Array.from({ length: 3000 }, (_, i) => tweet((i + 1) / 10, ['AAPL']));
  const whole = await play(source(3, posts));
  expect(whole.posts).toBe(3000);
  expect(whole.emissions).toBeGreaterThan(2);
  const first = await play(source(3, posts), { failAt: 2 });
  expect(first.posts).toBeGreaterThan(0);
  const rest = await play(source(3, posts), { cursor: first.cursors.at(-1)! });
  expect([...first.log, ...rest.log]).toEqual(whole.log);
});

describe('instruments', () => {
  test('are those of the column, each once', async () => {
    const { log } = await play(source(2, [tweet(1, ['AAPL', 'AAPL', ' MSFT']), tweet(2, [])]));
    expect(postsOf(log).map(({ instrument }) => instrument)).toEqual(['yahoo:AAPL', 'yahoo:MSFT']);
  });

  test('are those that the text names, where it is asked', async () => {
    const instrumentsOf = (text: string): readonly string[] => (text.includes('apple') ? ['v:APPLE', 'w:APPLE'] : []);
    const { log } = await play(source(2, [tweet(1, ['X'], 'an apple'), tweet(2, ['AAPL'], 'nothing')], { instrumentsOf }));
    expect(postsOf(log).map(({ instrument }) => instrument)).toEqual(['v:APPLE', 'w:APPLE']);
  });
});

test('a post out of order keeps its place, with the receipt time of the one ahead of it', async () => {
  const { log } = await play(source(5, [tweet(3000, ['A']), tweet(1000, ['B']), tweet(3500, ['C'])]));
  expect(postsOf(log).map(({ instrument, receiptTimeUs }) => [instrument, receiptTimeUs])).toEqual([['yahoo:A', 3e6], ['yahoo:B', 3e6], ['yahoo:C', 35e5]]);
});

test('a file that shrank between two runs, and a mapping of ticks, are refused', async () => {
  const posts = Array.from({ length: 8 }, (_, i) => tweet((i + 1) * 1000, ['A']));
  const first = await play(source(8, posts), { failAt: 3 });
  const rest = await play(source(8, posts.slice(0, 1)), { cursor: first.cursors.at(-1)! });
  expect(hasCode(rest.error, 'RUN_MISMATCH')).toBe(true);
  expect(() => source(8, posts, { mapping: TRADES })).toThrow('not one of posts');
});
