/** Streams that are silent, that share posts, and posts that come late: what an outage may take of them. */
import { afterEach, expect, jest, test } from '@jest/globals';

import { Run } from '../kit/run.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';
import { mastodonServer, statusOf, type MastodonOptions } from './server.ts';

jest.setTimeout(300_000);
let run: Run | null = null;
afterEach(async () => {
  await run?.end();
  run = null;
});

const calm = { name: 'calm', rate: 20, steps: [] };
const wait = (on: Run, ms: number): Promise<void> => on.standIn.clock.sleep(ms, new AbortController().signal);

/** @param requested given what answers else; false: it does */
async function begin(options: MastodonOptions, requested?: (standIn: StandIn, ...of: Parameters<NonNullable<Vendor['requested']>>) => boolean): Promise<Run> {
  const vendor = (standIn: StandIn): Vendor => {
    const inner = mastodonServer(options)(standIn);
    return { ...inner, requested: (request, response) => { if (requested?.(standIn, request, response) !== true) inner.requested!(request, response); } };
  };
  run = await new Run({ vendor }).start();
  await run.connected();
  return run;
}

test('a stream on which nobody wrote for long while it stood had no outage', async () => {
  const on = await begin({ settings: { replay: '60s', rewind: '5s' } });
  await on.standIn.play({ ...calm, forMs: 3000 });
  await on.until(async () => (await on.published()).rows.length > 30, 'posts are published');
  await wait(on, 180_000);
  const connected = (): number => on.events.filter(({ type }) => type === 'connected').length;
  const before = connected();
  on.standIn.inflict({ fault: 'cut' });
  await on.until(() => connected() > before, 'it is connected again');
  await wait(on, 20_000);
  expect((await on.published()).gaps).toEqual([]);
});

test('an outage that begins before the first post of a stream, and that a restart falls into, is accounted for whole', async () => {
  const on = await begin({ settings: { stream: 'hashtag', hashtags: ['crypto'] } });
  await wait(on, 5000);
  const fromUs = on.standIn.clock.now() * 1000;
  on.standIn.inflict({ fault: 'refuse', forMs: 120_000 });
  await on.standIn.play({ ...calm, rate: 5, forMs: 30_000 });
  await on.collector.stop();
  await on.startCollector();
  await on.until(() => on.standIn.connections.size > 0, 'it is connected');
  const missing = async (): Promise<number> => {
    const { rows, gaps } = await on.published();
    const due = on.standIn.ledger.entries.filter(({ item }) => item.symbol === 'coinbase:BTC-USD' && item.atUs > fromUs);
    expect(due.length).toBeGreaterThan(20);
    return due.filter(({ item, key }) => !rows.includes(key) && !gaps.some((gap) => gap.fromUs <= item.atUs && item.atUs <= gap.toUs)).length;
  };
  await on.until(async () => (await missing()) === 0, 'all posts are published, or reported');
});

test('one post that cannot be read does not lose the others of an outage', async () => {
  let isSpoiled = false;
  const on = await begin({ settings: { rewind: '5s' } }, (_, request, response) => {
    if (isSpoiled && (request.url ?? '').includes('/timelines/')) {
      const end = response.end.bind(response) as (body: string) => typeof response;
      response.end = ((body: string) => {
        const list = JSON.parse(body) as { content: unknown }[];
        if (list.length > 20) list[10]!.content = null;
        return end(JSON.stringify(list));
      }) as typeof response.end;
    }
    return false;
  });
  await on.standIn.play({ ...calm, forMs: 5000 });
  await on.until(async () => (await on.published()).rows.length > 50, 'posts are published');
  await on.collector.stop();
  await on.standIn.play({ ...calm, forMs: 30_000 });
  isSpoiled = true;
  const before = (await on.published()).rows.length;
  await on.startCollector();
  await on.until(async () => (await on.published()).rows.length - before > 500, 'the others are fetched');
  expect((await on.published()).deadLetters.length).toBeGreaterThan(0);
});

test('a post with two hashtags is published once, also when one of their streams was away and the source begins anew', async () => {
  let isAway = false;
  const on = await begin({ settings: { stream: 'hashtag', hashtags: ['stocks', 'crypto'], rewind: '5s' } }, (_, request, response) => {
    if (!isAway || !(request.url ?? '').includes('streaming/hashtag?tag=crypto')) return false;
    response.writeHead(503).end();
    return true;
  });
  await on.standIn.play({ ...calm, forMs: 5000 });
  isAway = true;
  on.standIn.inflict({ fault: 'cut' });
  await wait(on, 2000);
  await on.standIn.play({ ...calm, forMs: 30_000 });
  await wait(on, 2000);
  await on.collector.stop();
  isAway = false;
  await on.startCollector();
  await on.connected();
  await wait(on, 30_000);
  const { rows } = await on.published();
  expect(rows.length).toBeGreaterThan(300);
  expect(new Set(rows).size).toBe(rows.length);
});

test.each([2, 30])('on a stream of %s posts a second one that came to the server 25 s late, in an outage, is fetched', async (rate) => {
  const late = { id: 0n };
  const on = await begin({}, (_, request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    if (late.id === 0n || !url.pathname.includes('/timelines/') || BigInt(url.searchParams.get('min_id') ?? '0') >= late.id) return false;
    const post = { author: 'late', text: 'late $AAPL', atUs: Number(late.id >> 16n) * 1000, symbol: 'nasdaq:AAPL' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify([statusOf({ id: late.id, post })]));
    late.id = 0n;
    return true;
  });
  await on.standIn.play({ ...calm, rate, forMs: 70_000 });
  on.standIn.inflict({ fault: 'refuse', forMs: 4000 });
  late.id = BigInt(Math.floor(on.standIn.now() - 25_000)) << 16n;
  await on.until(async () => (await on.published()).rows.some((row) => row.includes('late $AAPL')), 'it is fetched');
});
