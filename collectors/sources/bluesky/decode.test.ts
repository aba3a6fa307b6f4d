import { describe, expect, test } from '@jest/globals';

import { createLivePosts, type LivePostsOptions } from '../../posts/live-posts.ts';
import { Stretch } from '../../posts/memory.ts';
import { testLive, type TestLive } from '../../testing/live.ts';
import { jetstreamDecoder } from './decode.ts';

const T = 1_725_911_162_329_308;
const SYMBOLS = ['nasdaq:AAPL', 'coinbase:BTC-USD', 'kraken:BTC/USD'];

interface Row {
  readonly instrument: string;
  readonly postId: string;
  readonly author: string;
  readonly text: string;
  readonly language: string;
  readonly eventTimeUs: number;
}

async function decoding(options: LivePostsOptions['options'] = { text: 'kept' }) {
  const made: TestLive = testLive({ name: 'bluesky', symbols: SYMBOLS });
  const stretch = new Stretch(5_000_000n);
  const posts = await createLivePosts({ live: made.live, options, salt: 'salt', stretches: [stretch] });
  const times: number[] = [];
  const decode = jetstreamDecoder({ live: made.live, posts, stretch, maxAge: 3600e6, seen: (time) => times.push(time) });
  const feed = (event: object | string): Row[] => {
    const frame = typeof event === 'string' ? event : JSON.stringify(event);
    made.live.out.frame('bluesky/1', frame, T, () => decode(frame));
    return made.take().map((line) => JSON.parse(line) as Row);
  };
  return { ...made, feed, times, stretch };
}

function commit(operation: string, rkey: string, record?: object, at = T): object {
  return { did: 'did:plc:alice', time_us: at, kind: 'commit', commit: { rev: 'r', operation, collection: 'app.bsky.feed.post', rkey, ...(record && { record, cid: 'c' }) } };
}

const post = (text: string, more: object = {}): object => ({ $type: 'app.bsky.feed.post', text, createdAt: '2024-09-09T19:46:02.102Z', langs: ['en', 'de'], ...more });

describe('a post of Bluesky', () => {
  test('becomes a record for each instrument it names, and says nothing of who wrote it', async () => {
    const { feed } = await decoding();
    const rows = feed(commit('create', '3l3', post('long $BTC, short $AAPL')));
    expect(rows.map(({ instrument }) => instrument)).toEqual(['coinbase:BTC-USD', 'kraken:BTC/USD', 'nasdaq:AAPL']);
    expect(rows[0]).toMatchObject({ text: 'long $BTC, short $AAPL', language: 'en', eventTimeUs: 1_725_911_162_102_000, author: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown });
    expect(rows[0]!.postId).toBe(`${rows[0]!.author}/3l3`);
    expect(JSON.stringify(rows)).not.toContain('alice');
  });

  test('comes once; an edit is news for what it newly names; a delete and what is about nothing make no record', async () => {
    const { feed, skipped, frames } = await decoding();
    expect(feed(commit('create', '1', post('$AAPL')))).toHaveLength(1);
    expect(feed(commit('create', '1', post('$AAPL')))).toHaveLength(0);
    const edit = feed(commit('update', '1', post('$AAPL and $BTC'), T + 1e6));
    expect(edit.map(({ instrument, eventTimeUs }) => [instrument, eventTimeUs - T])).toEqual([['coinbase:BTC-USD', 1e6], ['kraken:BTC/USD', 1e6]]);
    expect(feed(commit('update', '1', post('$AAPL and $BTC!')))).toEqual([]);
    expect(feed(commit('update', 'of before', post('$AAPL')))).toEqual([]);
    expect(feed(commit('delete', '1'))).toEqual([]);
    expect(feed(commit('create', '2', post('a day in the sun')))).toEqual([]);
    expect(Object.fromEntries(skipped)).toEqual({ repeat: 1, edited: 2, 'not-collected': 1 });
    expect(Object.fromEntries(frames)).toEqual({ create: 3, update: 3, delete: 1 });
  });

  test('is as old as its author says, but never from the future; an old one that is imported is no news', async () => {
    const { feed, skipped } = await decoding();
    const at = (createdAt: unknown, rkey: string): number[] => feed(commit('create', rkey, post('$AAPL', { createdAt }))).map(({ eventTimeUs }) => eventTimeUs);
    expect(at('2024-09-09T19:46:02Z', 'a')).toEqual([1_725_911_162_000_000]);
    expect(at('2031-01-01T00:00:00Z', 'b')).toEqual([T]);
    expect(at('yesterday', 'c')).toEqual([T]);
    expect(at(undefined, 'd')).toEqual([T]);
    expect(at('2019-01-01T00:00:00Z', 'e')).toEqual([]);
    expect(Object.fromEntries(skipped)).toEqual({ backdated: 1 });
  });

  test('goes without its text where that is asked for', async () => {
    const { feed } = await decoding({ text: 'dropped' });
    expect(feed(commit('create', '1', post('$AAPL')))).toMatchObject([{ instrument: 'nasdaq:AAPL', text: '' }]);
  });
});

test('events of every kind move the cursor; those that cannot be read do not', async () => {
  const { feed, frames, times, rejections, stretch } = await decoding();
  feed({ did: 'did:plc:a', time_us: T + 1, kind: 'identity', identity: {} });
  feed({ did: 'did:plc:a', time_us: T + 2, kind: 'account', account: { active: false, status: 'deleted' } });
  feed({ did: 'did:plc:a', time_us: T + 3, kind: 'commit', commit: { operation: 'create', collection: 'app.bsky.feed.repost', rkey: 'x', record: {} }, cursor: 17 });
  feed({ did: 'did:plc:a', time_us: T + 4, kind: 'news' });
  expect(times.map((time) => time - T)).toEqual([1, 2, 3, 4]);
  for (const bad of ['{', '[]', '{"did":"x"}', JSON.stringify(commit('create', '1')), JSON.stringify(commit('melt', '1', post('$AAPL'))), JSON.stringify(commit('create', '1', { text: 5 }))]) feed(bad);
  expect(stretch.last).toBe(BigInt(T + 4));
  expect(rejections.map(({ message }) => message)).toEqual([
    'not JSON',
    'frame is not an object',
    'time_us is not a whole number',
    'record is not an object',
    'operation is none of create, update, delete',
    'text is not a text',
  ]);
  expect(Object.fromEntries(frames)).toEqual({ identity: 1, account: 1, other: 1, unknown: 1, rejected: 6 });
});
