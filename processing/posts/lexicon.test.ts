import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hasCode } from '#proto';
import { parseLexicon } from './index.ts';
import { LEXICON } from './testing/files.ts';
import { unitsOf } from './units.ts';
import { wordTable } from './words.ts';

describe('the shipped files', () => {
  const lexicon = parseLexicon(LEXICON);

  test('give every token of the list, in lower case', () => {
    expect(lexicon.words.size).toBeGreaterThan(7490);
    expect(lexicon.words.get('good')).toBe(1.9);
    expect(lexicon.words.get(':)')).toBe(2);
    expect([...lexicon.words.keys()].every((word) => word === word.toLowerCase())).toBe(true);
  });

  test('tell faces apart by their letters', () => {
    expect(lexicon.faces.get('D:')).toBe(-2.9);
    expect(lexicon.words.get('d:')).toBe(1.2);
    expect(lexicon.faces.get(':D')).toBe(2.3);
    expect(lexicon.faces.has('GOOD')).toBe(false);
  });

  test('describe emoji', () => {
    expect(lexicon.emoji.get(0x1f600)).toBe('grinning face');
    expect(lexicon.emoji.size).toBeGreaterThan(1000);
  });
});

test.each(['good', 'good\t', 'good\tvery', 'good\t7', 'ok\t1\ngood\tNaN'])('a line without a valence is refused: %j', (words) => {
  let caught: unknown;
  try {
    parseLexicon({ words });
  } catch (error) {
    caught = error;
  }
  expect(hasCode(caught, 'CONFIG_INVALID')).toBe(true);
});

test('empty lines, missing emoji and Windows line ends are fine', () => {
  const lexicon = parseLexicon({ words: 'good\t1.9\t0.9\r\n\r\nbad\t-2.5\r\n' });
  expect([...lexicon.words]).toEqual([['good', 1.9], ['bad', -2.5]]);
  expect(lexicon.emoji.size).toBe(0);
});

describe('the word table', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'B', 'b', "'", '’', 'é', '1'), minLength: 1, maxLength: 5 });
  const fold = (text: string): string => text.replace(/[‘’]/g, "'").replace(/[A-Z]/g, (letter) => letter.toLowerCase());

  test('finds what a map of folded words finds, wherever it stands in the text', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), word, fc.string(), (words, candidate, around) => {
        const table = wordTable(words);
        const text = around + candidate + around;
        const expected = words.findIndex((each) => fold(each) === fold(candidate));
        expect(table.find(unitsOf(text), around.length, around.length + candidate.length)).toBe(expected);
        words.forEach((each) => {
          expect(fold(words[table.idOf(each)]!)).toBe(fold(each));
        });
      }),
    );
  });
});
