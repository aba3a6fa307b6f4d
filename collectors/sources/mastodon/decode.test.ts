import { describe, expect, test } from '@jest/globals';

import { htmlText } from '../../posts/html.ts';
import { createLivePosts } from '../../posts/live-posts.ts';
import { Stretch } from '../../posts/memory.ts';
import { testLive } from '../../testing/live.ts';
import { idAt, mastodonDecoder, timeOfId } from './decode.ts';
import { streamingUrl, streamsOf } from './streams.ts';

const T = Date.UTC(2022, 10, 15, 16, 6, 48, 410) * 1000;
const ID = '109348677773283527';

interface Row {
  readonly instrument: string;
  readonly postId: string;
  readonly author: string;
  readonly text: string;
  readonly language: string;
  readonly eventTimeUs: number;
}

async function decoding() {
  const made = testLive({ name: 'mastodon', symbols: ['nasdaq:AAPL', 'coinbase:BTC-USD'] });
  const stretch = new Stretch(idAt(60e6));
  const posts = await createLivePosts({ live: made.live, options: { text: 'kept' }, salt: 'salt', stretches: [stretch] });
  const decode = mastodonDecoder({ live: made.live, posts, stretch, moved: () => undefined });
  const feed = (event: string, data: unknown): Row[] => {
    const block = `event: ${event}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}`;
    made.live.out.frame('mastodon/public', block, T, () => decode(block));
    return made.take().map((line) => JSON.parse(line) as Row);
  };
  return { ...made, feed, stretch };
}

function status(content: string, more: object = {}): object {
  return { id: ID, created_at: '2022-11-15T16:06:48.410Z', language: 'en', edited_at: null, spoiler_text: '', content, reblog: null, account: { id: '1', acct: 'ann', url: 'https://a.social/@ann' }, ...more };
}

describe('a post of Mastodon', () => {
  test('is read as people read it, and says nothing of who wrote it', async () => {
    const { feed } = await decoding();
    const rows = feed('update', status('<p>AT&amp;T &lt;3 <a href="https://a.social/tags/x">#<span>stocks</span></a><br />long $AAPL</p><p>and $BTC &#x1F680;</p>', { spoiler_text: 'finance' }));
    expect(rows.map(({ instrument }) => instrument)).toEqual(['nasdaq:AAPL', 'coinbase:BTC-USD']);
    expect(rows[0]).toMatchObject({ postId: ID, text: 'finance\n\nAT&T <3 #stocks\nlong $AAPL\n\nand $BTC 🚀', language: 'en', eventTimeUs: T, author: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown });
    expect(JSON.stringify(rows)).not.toContain('ann');
  });

  test('comes once; an edit is news for what it newly names; boosts and deletes make no record', async () => {
    const { feed, skipped, frames } = await decoding();
    expect(feed('update', status('$AAPL'))).toHaveLength(1);
    expect(feed('update', status('$AAPL'))).toHaveLength(0);
    const edit = feed('status.update', status('$AAPL $BTC', { edited_at: '2022-11-15T16:07:29.023Z' }));
    expect(edit).toMatchObject([{ instrument: 'coinbase:BTC-USD', postId: ID, eventTimeUs: T + 40_613_000 }]);
    expect(feed('status.update', status('$AAPL $BTC!'))).toEqual([]);
    expect(feed('status.update', status('$AAPL', { id: '5' }))).toEqual([]);
    expect(feed('update', status('', { id: '6', reblog: status('$AAPL', { id: '4' }) }))).toEqual([]);
    expect(feed('delete', ID)).toEqual([]);
    expect(Object.fromEntries(skipped)).toEqual({ repeat: 1, edited: 2, repost: 1 });
    expect(Object.fromEntries(frames)).toEqual({ update: 3, 'status.update': 3, delete: 1 });
  });

  test('has an id that is a time', () => {
    expect(Math.abs(timeOfId(BigInt(ID)) - T)).toBeLessThan(1e6);
    expect(timeOfId(idAt(T))).toBe(T);
  });
});

test('other events are counted, and what cannot be read is rejected', async () => {
  const { feed, frames, rejections } = await decoding();
  feed('filters_changed', 'undefined');
  feed('announcement.reaction', { name: 'x' });
  feed('weather', { sun: true });
  feed('delete', '');
  for (const bad of ['{', status('$AAPL', { id: 'abc' }), status('$AAPL', { id: 5 }), status('$AAPL', { created_at: 'today' }), status('$AAPL', { account: null }), status('$AAPL', { content: null })]) feed('update', bad);
  feed('message', '');
  expect(Object.fromEntries(frames)).toEqual({ other: 2, unknown: 1, delete: 1, rejected: 7 });
  expect(rejections.map(({ message }) => message)).toEqual([
    'not JSON',
    'id is not a number',
    'id is not a text',
    'created_at is not a time',
    'account is not an object',
    'content is not a text',
    'an event without data',
  ]);
});

describe('HTML', () => {
  test.each([
    ['a < b', 'a < b'],
    ['<p>a<p>b', 'ab'],
    ['<P>a</P>\n<p>b</p>', 'a\n\n\nb'],
    ['&amp;lt; &copy; &#0; &#xD800; &#128640;', '&lt; &copy; &#0; &#xD800; 🚀'],
    ['<script>x</script>', 'x'],
    ['', ''],
  ])('%s', (html, text) => {
    expect(htmlText(html)).toBe(text);
  });

  test('costs no more than its length', () => {
    for (const html of ['<'.repeat(1e6), '<>'.repeat(5e5), '&'.repeat(1e6), '</p>'.repeat(2e5), '&#'.repeat(5e5)]) htmlText(html);
  });
});

test('streams and their timelines', () => {
  expect(streamsOf({ stream: 'public:local', hashtags: [] })).toEqual([{ key: 'public:local', path: '/api/v1/streaming/public/local', timeline: '/api/v1/timelines/public?local=true' }]);
  expect(streamsOf({ stream: 'hashtag', hashtags: ['Börse', 'börse', 'stocks'] }).map(({ path, timeline }) => [path, timeline])).toEqual([
    ['/api/v1/streaming/hashtag?tag=b%C3%B6rse', '/api/v1/timelines/tag/b%C3%B6rse'],
    ['/api/v1/streaming/hashtag?tag=stocks', '/api/v1/timelines/tag/stocks'],
  ]);
  const says = (streaming: unknown): string => JSON.stringify({ configuration: { urls: { streaming } } });
  expect([says('wss://s.example'), says('https://s.example'), says(5), says('ftp://x'), '{}'].map(streamingUrl)).toEqual(['https://s.example', 'https://s.example', null, null, null]);
});
