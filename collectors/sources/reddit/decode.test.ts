import { expect, test } from '@jest/globals';

import { Stretch } from '../../posts/memory.ts';
import { pageOf, positionAt, thingOf, timeOfPosition } from './decode.ts';
import { Recent } from './recent.ts';

const T = 1_700_000_000;

const child = (kind: 't1' | 't3', id: string, more: object = {}): object => ({
  kind,
  data: { name: `${kind}_${id}`, created_utc: T, edited: false, author: 'ann', author_fullname: 't2_7', ...(kind === 't1' ? { body: 'long $AAPL' } : { title: '$AAPL', selftext: 'to the moon', removed_by_category: null }), ...more },
});

test('posts have a title and a text, comments a text; the time of an edit is that of what it says', () => {
  expect(thingOf(child('t3', '1abcd'))).toMatchObject({ fullname: 't3_1abcd', state: 'false', post: { id: 't3_1abcd', author: 't2_7', text: '$AAPL\n\nto the moon', language: '', eventTime: T * 1e6 } });
  expect(thingOf(child('t3', '1abcd', { selftext: '' })).post?.text).toBe('$AAPL');
  expect(thingOf(child('t1', '1abcd', { edited: T + 60.0 }))).toMatchObject({ state: String(T + 60), post: { text: 'long $AAPL', eventTime: (T + 60) * 1e6 } });
  expect(thingOf(child('t1', '1abcd', { edited: true })).post?.eventTime).toBe(T * 1e6);
  expect(thingOf(child('t1', '1abcd', { author_fullname: undefined })).post?.author).toBe('ann');
});

test('what is deleted or removed says nothing', () => {
  for (const gone of [child('t3', '1', { removed_by_category: 'moderator' }), child('t3', '1', { selftext: '[removed]' }), child('t1', '1', { body: '[deleted]' }), child('t1', '1', { author: '[deleted]' })]) {
    expect(thingOf(gone)).toMatchObject({ state: 'gone', post: null });
  }
});

test('positions rise with the time, and within a second with the id', () => {
  const positions = [child('t3', 'zz'), child('t3', '100'), child('t3', '1', { created_utc: T + 1 })].map((one) => thingOf(one).position);
  expect([...positions].sort((a, b) => (a < b ? -1 : 1))).toEqual(positions);
  expect(positions.map(timeOfPosition)).toEqual([T * 1e6, T * 1e6, (T + 1) * 1e6]);
});

test('what is no listing, and what is no thing of one, is said', () => {
  expect(pageOf(JSON.stringify({ kind: 'Listing', data: { children: [1], after: 't3_1' } }))).toMatchObject({ children: [1], after: 't3_1' });
  expect(() => pageOf('{"kind":"more","data":{}}')).toThrow('kind is not Listing');
  expect(() => pageOf('{"kind":"Listing","data":{}}')).toThrow('children is not an array');
  const bad = [{ kind: 't2', data: {} }, child('t3', '1', { name: 't1_1' }), child('t3', '1', { name: 't3_ABC' }), child('t3', '1', { created_utc: 'now' }), child('t3', '1', { title: 5 }), child('t1', '1', { body: null }), child('t1', '1', { author: null, author_fullname: null })];
  const said = bad.map((one) => {
    try {
      return thingOf(one).fullname;
    } catch (error) {
      return (error as Error).message;
    }
  });
  expect(said).toEqual(['kind is none of t1, t3', 'name is not a fullname', 'name is not a fullname', 'created_utc is not a time', 'title is not a text', 'body is not a text', 'author is not a text']);
});

test('a listing is gone on with behind the newest thing before what is read again', () => {
  const stretch = new Stretch(positionAt(10e6));
  const recent = new Recent(stretch, []);
  expect(recent.anchor()).toBeNull();
  for (let s = 0; s < 60; s++) {
    const position = positionAt((T + s) * 1e6);
    recent.note(`t3_${s}`, position, 'false');
    stretch.reach(position);
    recent.prune();
  }
  expect(recent.anchor()).toBe('t3_48');
  expect([recent.has('t3_41'), recent.has('t3_40'), recent.state('t3_59'), recent.state('t3_60')]).toEqual([true, false, 'false', undefined]);
  const next = new Recent(new Stretch(positionAt(10e6), stretch.toJSON()!), JSON.parse(JSON.stringify(recent)) as [string, string][]);
  expect([next.anchor(), next.state('t3_59'), next.has('t3_58')]).toEqual(['t3_48', null, true]);
  next.forget('t3_48');
  expect(next.anchor()).toBeNull();
});
