import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { cutFrames, parseEvent } from './stream.ts';

test('frames are the same however the bytes are cut', () => {
  const text = 'a\r\n\r\nb1\nb2\n\n:thump\n\nevent: update\ndata: x\n\n';
  const cut = (pieces: readonly string[], events: boolean): string[] => {
    const frames: string[] = [];
    let rest = '';
    for (const piece of pieces) rest = cutFrames(rest + piece, events, (frame) => frames.push(frame));
    return frames;
  };
  const lines = cut([text], false);
  expect(lines).toEqual(['a', 'b1', 'b2', ':thump', 'event: update', 'data: x']);
  const events = cut([text], true);
  expect(events).toEqual(['a', 'b1\nb2', 'event: update\ndata: x']);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 8 }), (places) => {
      const borders = [0, ...places.sort((a, b) => a - b), text.length];
      const pieces = borders.slice(1).map((to, i) => text.slice(borders[i], to));
      expect(cut(pieces, false)).toEqual(lines);
    }),
  );
});

test('comments that keep a stream alive are no frames and do not pile up', () => {
  const given: string[] = [];
  const give = (frame: string): void => { given.push(frame); };
  expect(cutFrames(':)\n:thump\n:thump\n:thu', true, give)).toBe(':thu');
  expect(cutFrames(':thump\r\n:thump\nevent: update\n:between\ndata: x\n\n:thump\n\n', true, give)).toBe('');
  expect(given).toEqual(['event: update\n:between\ndata: x']);
});

test('fields of an event', () => {
  expect(parseEvent('event: update\ndata: {"a":1}\nid: 7')).toEqual({ event: 'update', data: '{"a":1}', id: '7' });
  expect(parseEvent('data: one\r\ndata: two\n: a comment\nretry: 10')).toEqual({ event: 'message', data: 'one\ntwo', id: null });
  expect(parseEvent(':thump')).toEqual({ event: 'message', data: '', id: null });
});
