/** Matching, memory and hashes of posts, without a network. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { MovingInstruments } from '../live/instruments.ts';
import { testLive } from '../testing/live.ts';
import { htmlText } from './html.ts';
import { createLivePosts } from './live-posts.ts';
import { postMatcher } from './match.ts';
import { Stretch, type StretchState } from './memory.ts';

describe('cashtags', () => {
  const { live } = testLive({ name: 's', symbols: ['nasdaq:AAPL', 'nyse:BRK.B', 'coinbase:BTC-USD', 'kraken:BTC/USD', 'nyse:T'] });
  const match = postMatcher(live);

  test.each([
    ['$AAPL', ['nasdaq:AAPL']],
    ['($aapl), $T!', ['nasdaq:AAPL', 'nyse:T']],
    ['$BTC $BTC', ['coinbase:BTC-USD', 'kraken:BTC/USD']],
    ['$BRK.B and $brk-b', ['nyse:BRK.B']],
    ['$AAPL.', ['nasdaq:AAPL']],
    ['$T.', ['nyse:T']],
    ['$AAPLX $AAP AAPL #AAPL US$AAPL $$AAPL $100', []],
    ['$T_1 $ÄAPL', []],
    ['', []],
  ])('%s', (text, instruments) => {
    expect(match(text)).toEqual(instruments);
  });

  test('cost no more than the length of a text', () => {
    for (const text of ['$'.repeat(1e6), '$A'.repeat(1e6), '$A.'.repeat(1e6), `$${'a'.repeat(1e6)}`]) expect(match(text)).toEqual([]);
  });
});

describe('a table', () => {
  const instrumentsOf = (text: string): readonly string[] => (text.includes('apple') ? ['nasdaq:AAPL', 'xetra:APC'] : []);
  const withTable = (symbols: readonly string[]) => {
    const { live } = testLive({ name: 's', symbols });
    return postMatcher({ ...live, environment: { ...live.environment, instrumentsOf } });
  };

  test('says what a post is about; of that, what is collected', () => {
    expect(withTable([])('an apple')).toEqual(['nasdaq:AAPL', 'xetra:APC']);
    expect(withTable(['xetra:APC'])('an apple, $AAPL')).toEqual(['xetra:APC']);
  });

  test('or instruments must be there', () => {
    expect(() => postMatcher(testLive({ name: 's' }).live)).toThrow('source s collects nothing');
  });

  test('the set may move', () => {
    const instruments = new MovingInstruments(['nasdaq:AAPL']);
    const match = postMatcher({ ...testLive({ name: 's' }).live, instruments });
    expect(match('$AAPL $MSFT')).toEqual(['nasdaq:AAPL']);
    instruments.set(['nasdaq:MSFT']);
    expect(match('$AAPL $MSFT')).toEqual(['nasdaq:MSFT']);
  });
});

describe('a stretch', () => {
  test('is gone on with behind its newest position, and nothing behind that was published and is forgotten', () => {
    const step = fc.record({ position: fc.integer({ min: 1, max: 2000 }), restart: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 1500 }), fc.integer({ min: 0, max: 500 }), (steps, rewind) => {
        let stretch = new Stretch(BigInt(rewind));
        const published = new Map<string, bigint>();
        steps.forEach(({ position, restart }, i) => {
          if (restart && i % 50 === 0) {
            const state = JSON.parse(JSON.stringify(stretch)) as StretchState | null;
            stretch = new Stretch(BigInt(rewind), state ?? undefined);
          }
          stretch.reach(BigInt(position));
          stretch.keep(`post ${i}`, BigInt(position));
          published.set(`post ${i}`, BigInt(position));
        });
        const from = stretch.resumeAt;
        if (from === null) return;
        const kept = new Set(stretch.keys());
        expect(from).toBeLessThanOrEqual(stretch.last! + 1n);
        expect(kept.size).toBeLessThanOrEqual(256);
        expect([...published].filter(([key, position]) => position >= from && !kept.has(key))).toEqual([]);
      }),
    );
  });

  test('begins nowhere', () => {
    expect([new Stretch(5n).resumeAt, JSON.stringify({ stretch: new Stretch(5n) })]).toEqual([null, '{"stretch":null}']);
  });
});

describe('authors', () => {
  const options = { text: 'kept' } as const;
  const { live } = testLive({ name: 's', symbols: ['nasdaq:AAPL'] });

  test('are hashed with a salt that is made once and kept', async () => {
    const first = await createLivePosts({ live, options, salt: undefined, stretches: [] });
    const next = await createLivePosts({ live, options, salt: first.salt, stretches: [] });
    const other = await createLivePosts({ live, options, salt: undefined, stretches: [] });
    expect(first.author('alice')).toMatch(/^[0-9a-f]{16}$/);
    expect(next.author('alice')).toBe(first.author('alice'));
    expect(other.author('alice')).not.toBe(first.author('alice'));
  });

  test('a salt that is configured stands in no position', async () => {
    const { Secret } = await import('../secrets.ts');
    const environment = { ...live.environment, secret: () => Promise.resolve(new Secret('pepper')) };
    const posts = await createLivePosts({ live: { ...live, environment }, options: { ...options, author_salt: { env: 'X' } }, salt: 'of before', stretches: [] });
    expect(posts.salt).toBeUndefined();
    expect(posts.author('alice')).not.toBe((await createLivePosts({ live, options, salt: 'of before', stretches: [] })).author('alice'));
  });
});

test.each([
  ['<ul><li>buy</li><li>$AAPL</li></ul>', ['nasdaq:AAPL']],
  ['<p>Picks:</p><ul><li>$AAPL</li><li>$MSFT</li></ul>', ['nasdaq:AAPL', 'nasdaq:MSFT']],
  ['<blockquote>as I said</blockquote>$AAPL', ['nasdaq:AAPL']],
  ['<h2>$MSFT</h2>$AAPL', ['nasdaq:MSFT', 'nasdaq:AAPL']],
])('blocks of HTML end words: %s', (html, named) => {
  const match = postMatcher(testLive({ name: 's', symbols: ['nasdaq:AAPL', 'nasdaq:MSFT'] }).live);
  expect([...match(htmlText(html))].sort()).toEqual([...named].sort());
});

test('long posts are looked through to their end', () => {
  const match = postMatcher(testLive({ name: 's', symbols: ['nasdaq:AAPL'] }).live);
  expect(match(`${'x'.repeat(39_000)} $AAPL`)).toEqual(['nasdaq:AAPL']);
  expect(match(`${' '.repeat(19_995)}$AAPLW`)).toEqual([]);
});
