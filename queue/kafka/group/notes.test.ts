import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { NO_NOTE, checkNote, encodeNote, newestNote } from './notes.ts';

const note = fc.record({ commit: fc.integer({ min: 1, max: 999_999_999_999_999 }), text: fc.string({ unit: 'grapheme', maxLength: 40 }) });

test('of the notes beside the offsets of a task, the one of the newest commit counts', () => {
  fc.assert(
    fc.property(fc.uniqueArray(note, { selector: ({ commit }) => commit, minLength: 1, maxLength: 6 }), (notes) => {
      const newest = notes.reduce((best, each) => (each.commit > best.commit ? each : best));
      expect(newestNote(notes.map(encodeNote))).toEqual(newest);
    }),
  );
});

test('text of any kind comes back, with spaces, numbers and line ends', () => {
  for (const text of ['', ' ', '12 3', 'a\nb\n', '{"at":[1,2]}']) expect(newestNote([encodeNote({ commit: 4, text })])).toEqual({ commit: 4, text });
});

test('metadata that others wrote counts as no note', () => {
  expect(newestNote([null, '', 'by hand', '-3 x', '5', '1234567890123456 x'])).toEqual(NO_NOTE);
  expect(newestNote(['by hand', encodeNote({ commit: 1, text: 'ours' })])).toEqual({ commit: 1, text: 'ours' });
});

test('a note that brokers would refuse is refused before', () => {
  expect(() => { checkNote('é'.repeat(2_000)); }).not.toThrow();
  expect(() => { checkNote('é'.repeat(2_001)); }).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
  const longest = encodeNote({ commit: 999_999_999_999_999, text: 'x'.repeat(4_000) });
  expect(Buffer.byteLength(longest)).toBeLessThanOrEqual(4_096);
});
