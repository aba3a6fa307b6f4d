import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Channel } from '../../connect/connection.ts';
import { createLivePosts } from '../../posts/live-posts.ts';
import { Stretch } from '../../posts/memory.ts';
import { testLive } from '../../testing/live.ts';
import { lineDecoder, taker } from './decode.ts';
import { idAt, idsOf, timeOfId } from './ids.ts';
import { packTerms, wantedTerms } from './terms.ts';

/** The first post there is whose id is a time, and one of our days. */
const KNOWN = [['29700859247', '2010-11-04'], ['1234567890123456789', '2020-03-02']] as const;

describe('ids', () => {
  test('are times', () => {
    for (const [id, day] of KNOWN) expect(new Date(timeOfId(BigInt(id)) / 1000).toISOString().slice(0, 10)).toBe(day);
    fc.assert(fc.property(fc.integer({ min: 1_300_000_000_000, max: 2_000_000_000_000 }), (ms) => {
      expect(timeOfId(idAt(ms * 1000))).toBe(ms * 1000);
      expect(timeOfId(idAt(ms * 1000 + 5_000_000) - idsOf(5e6))).toBe(ms * 1000);
    }));
  });
});

describe('terms', () => {
  test('are cashtags that X knows, and what is configured', () => {
    expect(wantedTerms(['nasdaq:AAPL', 'nyse:BRK-B', 'coinbase:BTC-USD', 'kraken:BTC/USD', 'x:1INCH-USD', 'x:TOOLONGS'], ['#bitcoin', '$AAPL'])).toEqual({
      terms: ['$AAPL', '$BRK.B', '$BTC', '#bitcoin'],
      without: ['x:1INCH-USD', 'x:TOOLONGS'],
    });
  });

  test('fill expressions in their order, none longer than allowed, each once', () => {
    expect(packTerms(['$A'], '-is:retweet', 64)).toEqual(['$A -is:retweet']);
    expect(packTerms(['$A', '$B'], '', 64)).toEqual(['($A OR $B)']);
    expect(packTerms([], '-is:retweet', 64)).toEqual([]);
    expect(() => packTerms(['x'.repeat(65)], '', 64)).toThrow('longer than 64 characters');
    fc.assert(fc.property(fc.uniqueArray(fc.string({ unit: fc.constantFrom('A', 'B', 'C', 'D', 'E', 'F'), minLength: 1, maxLength: 6 }), { maxLength: 400 }), fc.integer({ min: 30, max: 300 }), (names, longest) => {
      const packed = packTerms(names.map((name) => `$${name}`), '-is:retweet', longest);
      expect(packed.every((value) => value.length <= longest)).toBe(true);
      expect(packed.flatMap((value) => value.match(/\$[A-F]+/g) ?? [])).toEqual(names.map((name) => `$${name}`));
    }));
  });
});

test('lines of the stream are posts, or problems; what is neither is rejected', async () => {
  const made = testLive({ name: 'x', symbols: ['nasdaq:AAPL'] });
  const { live, rejections, frames, skipped } = made;
  const stretch = new Stretch(idsOf(30e6));
  const posts = await createLivePosts({ live, options: { text: 'kept' }, salt: 'salt', stretches: [stretch] });
  const ends: string[] = [];
  const channel = { giveUp: (cause: string, message: string) => ends.push(`${cause}: ${message}`) } as unknown as Channel;
  const decode = lineDecoder(taker({ live, posts, stretch, begunUs: live.receipt() }), ({ id }) => { stretch.reach(id); });
  const feed = (line: unknown): string[] => {
    const frame = typeof line === 'string' ? line : JSON.stringify(line);
    live.out.frame('x/stream', frame, live.receipt(), () => decode(frame, channel));
    return made.take();
  };
  const id = String(idAt(live.receipt()) + 5n);
  const data = { id, text: 'a &amp;amp; b $AAPL', author_id: '42', edit_history_tweet_ids: [id], lang: 'en' };
  const [row, ...more] = feed({ data, includes: { users: [{ id: '42', username: 'catperson' }] }, matching_rules: [{ id: '1', tag: 'x' }] });
  expect(more).toEqual([]);
  expect(JSON.parse(row!)).toMatchObject({ instrument: 'nasdaq:AAPL', postId: id, text: 'a &amp; b $AAPL', language: 'en', eventTimeUs: timeOfId(BigInt(id)), author: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown });
  expect(row).not.toMatch(/catperson|"42"/);
  expect(feed({ data })).toEqual([]);
  // Of a post from before the start it is not known what it named.
  expect(feed({ data: { ...data, id: String(BigInt(id) + 1n), edit_history_tweet_ids: [String(idAt(live.receipt() - 60e6)), String(BigInt(id) + 1n)] } })).toEqual([]);
  feed({ errors: [{ title: 'operational-disconnect', disconnect_type: 'UpstreamOperationalDisconnect' }] });
  feed({ title: 'ConnectionException', connection_issue: 'TooManyConnections' });
  feed({ errors: [{ title: 'Weather', detail: 'rain' }] });
  expect(ends).toEqual(['dropped: operational-disconnect: UpstreamOperationalDisconnect', 'rate-limited: ConnectionException: TooManyConnections', 'http-error: Weather: rain']);
  for (const bad of ['{', '[]', '{"nothing":1}', { data: { ...data, id: 5 } }, { data: { ...data, id: 'x' } }, { data: { ...data, text: null } }, { data: { ...data, author_id: undefined } }, { errors: [5] }]) feed(bad);
  expect(Object.fromEntries(frames)).toEqual({ post: 2, edit: 1, 'operational-disconnect': 1, 'too-many-connections': 1, problem: 1, rejected: 8 });
  expect(Object.fromEntries(skipped)).toEqual({ repeat: 1, edited: 1 });
  expect(rejections.map(({ message }) => message)).toEqual([
    'not JSON',
    'line is not an object',
    'title is not a text',
    'id is not a text',
    'id is not a number',
    'text is not a text',
    'author_id is not a text',
    'errors is not an object',
  ]);
});
