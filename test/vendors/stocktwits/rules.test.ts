/** StockTwits' cap and pages, symbols it does not know, and what its posts become. */
import { afterEach, expect, jest, test } from '@jest/globals';

import { fixedInstruments } from '#collectors';
import { decodePost } from '#proto';

import { accounted } from '../kit/accounts.ts';
import { Run, type RunOptions } from '../kit/run.ts';
import { stockTwitsServer, type StockTwitsServer } from './server.ts';

jest.setTimeout(300_000);
let run: Run | null = null;
afterEach(async () => {
  await run?.end();
  run = null;
});

const CAP = 100_000;
const quick = { interval: '1s', requests_per_hour: CAP };
const begin = async (options: RunOptions): Promise<Run> => (run = await new Run(options).start());
const serverOf = (on: Run): StockTwitsServer => on.standIn.vendor as StockTwitsServer;
const calm = { name: 'calm', rate: 10, steps: [] };
const sleep = (on: Run, ms: number): Promise<void> => on.standIn.clock.sleep(ms, new AbortController().signal);
const posts = async (on: Run) => (await on.records('posts')).map(decodePost).filter(({ watermark }) => watermark === undefined);

test('the cap of 200 requests an hour is kept, which three symbols share, and rounds are as long as that asks for', async () => {
  const on = await begin({ vendor: stockTwitsServer(), factor: 200 });
  await on.connected();
  await on.standIn.play({ ...calm, rate: 0.05, forMs: 3_600_000 });
  const { requests } = serverOf(on);
  expect(requests.length).toBeGreaterThan(140);
  expect(requests.length).toBeLessThan(200);
  expect(on.printed.filter((line) => line.includes('answered 429'))).toEqual([]);
  await accounted(on);
});

test('a lower cap than ours is told by 429: it is waited for a minute and longer, and nothing is lost', async () => {
  const on = await begin({ vendor: stockTwitsServer({ cap: 30, perMs: 600_000, settings: quick }), factor: 100 });
  await on.until(() => on.events.some((event) => event.type === 'disconnected' && event.cause === 'rate-limited'), 'it is refused');
  await on.standIn.play({ ...calm, rate: 0.05, forMs: 600_000 });
  const waits = on.events.flatMap((event) => (event.type === 'disconnected' && event.cause === 'rate-limited' ? [event.delayMs] : []));
  expect(waits[0]).toBeGreaterThanOrEqual(48_000);
  expect(waits[1]).toBeGreaterThan(waits[0]! * 1.5);
  await accounted(on);
});

test('pages are asked for from the newest back to what is known, and published from old to new', async () => {
  const on = await begin({ vendor: stockTwitsServer({ cap: CAP, settings: quick }), instruments: fixedInstruments(['nasdaq:AAPL']) });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 3000 });
  await on.until(async () => (await posts(on)).length > 3, 'posts are published');
  await on.collector.stop();
  await on.standIn.play({ ...calm, forMs: 30_000 });
  const before = serverOf(on).requests.length;
  await on.startCollector();
  await on.connected();
  await accounted(on);
  const asked = serverOf(on).requests.slice(before).map(({ url }) => new URL(url, 'http://x').searchParams);
  expect(asked[0]!.has('since')).toBe(true);
  expect(asked[1]!.has('max')).toBe(true);
  const ids = (await posts(on)).map(({ postId }) => Number(postId));
  expect(ids.length).toBeGreaterThan(80);
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  expect((await on.published()).gaps).toEqual([]);
});

test.each([
  ['`pages` are', { settings: { ...quick, pages: 2 } }],
  ['StockTwits keeps', { settings: quick, kept: 50 }],
])('what lies beyond what %s is reported as a time', async (_, options) => {
  const on = await begin({ vendor: stockTwitsServer({ cap: CAP, ...options }), instruments: fixedInstruments(['nasdaq:AAPL']) });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 3000 });
  await on.until(async () => (await posts(on)).length > 3, 'posts are published');
  await on.collector.stop();
  await on.standIn.play({ ...calm, forMs: 60_000 });
  await on.startCollector();
  await on.connected();
  await accounted(on);
  expect((await on.published()).gaps).toMatchObject([{ stream: 'post', instruments: ['nasdaq:AAPL'], cause: 'window', missed: 0 }]);
});

test('what is older than `replay` is no news, and is reported', async () => {
  const on = await begin({ vendor: stockTwitsServer({ cap: CAP, settings: { ...quick, replay: '20s' } }), instruments: fixedInstruments(['nasdaq:AAPL']) });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 3000 });
  await on.until(async () => (await posts(on)).length > 3, 'posts are published');
  await on.collector.stop();
  await on.standIn.play({ ...calm, forMs: 40_000 });
  await on.startCollector();
  await on.connected();
  await on.until(async () => (await posts(on)).length > 30, 'what is younger is published');
  const { gaps, rows } = await on.published();
  expect(gaps).toMatchObject([{ stream: 'post', instruments: ['nasdaq:AAPL'], cause: 'outage', missed: 0 }]);
  const left = on.standIn.ledger.entries.filter(({ due, key }) => due && !rows.includes(key)).map(({ item }) => item.atUs);
  expect(left.length).toBeGreaterThan(20);
  for (const at of left) expect(at).toBeGreaterThan(gaps[0]!.fromUs - 2e6);
  for (const at of left) expect(at).toBeLessThanOrEqual(gaps[0]!.toUs);
});

test('a symbol that StockTwits does not know ends the source, and the message says what to do', async () => {
  const on = await begin({ vendor: stockTwitsServer({ cap: CAP, settings: quick }), instruments: fixedInstruments(['nasdaq:AAPL', 'xetra:NOSUCH']) });
  await on.until(() => on.collector.status().state === 'FAILED', 'the source has failed');
  expect(on.collector.status().error).toMatchObject({ code: 'SOURCE_REFUSED', message: 'StockTwits does not know NOSUCH: give the symbol of xetra:NOSUCH under symbols, or leave it out' });
});

test('one that it knows no more is named once, and the others go on', async () => {
  const on = await begin({ vendor: stockTwitsServer({ cap: CAP, settings: quick }) });
  await on.connected();
  await on.until(() => serverOf(on).requests.length > 3, 'all are known');
  serverOf(on).delisted.add('BRK.B');
  await sleep(on, 5000);
  const before = (await posts(on)).length;
  await on.standIn.play({ ...calm, forMs: 5000 });
  await on.until(async () => (await posts(on)).length > before + 10, 'the others are published');
  expect(on.events.filter((event) => event.type === 'note')).toEqual([{ type: 'note', message: 'StockTwits does not know BRK.B any more' }]);
});

test('symbols of instruments can be given; two instruments of one symbol have a record each', async () => {
  const on = await begin({ vendor: stockTwitsServer({ cap: CAP, settings: { ...quick, symbols: { 'xetra:APC': 'AAPL' } } }), instruments: fixedInstruments(['nasdaq:AAPL', 'xetra:APC']) });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 3000 });
  await on.until(async () => (await posts(on)).length > 6, 'posts are published');
  const all = await posts(on);
  const of = (instrument: string): string[] => all.filter((post) => post.instrument === instrument).map(({ postId }) => postId);
  expect(of('xetra:APC')).toEqual(of('nasdaq:AAPL'));
  expect(new Set(serverOf(on).requests.map(({ url }) => new URL(url, 'http://x').pathname))).toEqual(new Set(['/api/2/streams/symbol/AAPL.json']));
});

test('authors are hashed, the same as at other sources with this salt; no record holds a name or an id of one', async () => {
  const on = await begin({ vendor: stockTwitsServer({ cap: CAP, settings: { ...quick, author_salt: { env: 'SALT' }, text: 'dropped' } }) });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 3000 });
  await on.until(async () => (await posts(on)).length > 6, 'posts are published');
  for (const post of await posts(on)) {
    expect(post.author).toMatch(/^[0-9a-f]{16}$/);
    expect(post.text).toBe('');
    expect(JSON.stringify(post)).not.toContain('author-');
  }
});

test('the newest post that is known may be deleted: those after it come all the same', async () => {
  const on = await begin({ vendor: stockTwitsServer({ cap: CAP, settings: quick }), instruments: fixedInstruments(['nasdaq:AAPL']) });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 3000 });
  await accounted(on);
  await on.collector.stop();
  serverOf(on).deleted.add(on.standIn.market.newest('post', 'nasdaq:AAPL')!.id);
  await on.standIn.play({ ...calm, forMs: 20_000 });
  await on.startCollector();
  await on.connected();
  await accounted(on);
  expect((await on.published()).gaps).toEqual([]);
});
