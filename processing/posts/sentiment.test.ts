import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSentiment, parseLexicon } from './index.ts';
import { LEXICON, ratedTexts, releaseCompounds } from './testing/files.ts';
import { anyText } from './testing/texts.ts';

const sentiment = createSentiment(parseLexicon(LEXICON));

function pearson(x: readonly number[], y: readonly number[]): number {
  const mean = (v: readonly number[]): number => v.reduce((sum, each) => sum + each, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  const sum = (term: (i: number) => number): number => x.reduce((total, _, i) => total + term(i), 0);
  return sum((i) => (x[i]! - mx) * (y[i]! - my)) / Math.sqrt(sum((i) => (x[i]! - mx) ** 2) * sum((i) => (y[i]! - my) ** 2));
}

describe('against people', () => {
  const rated = ratedTexts();
  const ours = rated.map(({ text }) => sentiment(text));
  const release = releaseCompounds();
  const ratings = rated.map(({ rating }) => rating);

  test('compounds correlate with the mean rating of 4,200 texts: r ≥ 0.88, above the 0.872 of release 3.3.2', () => {
    expect(rated).toHaveLength(4200);
    expect(pearson(ours, ratings)).toBeGreaterThanOrEqual(0.88);
    expect(pearson(release, ratings)).toBeCloseTo(0.8722, 4);
  });

  test('and are those of the release for 95 of 100 texts', () => {
    const agreeing = ours.filter((compound, i) => Math.abs(compound - release[i]!) < 1e-4);
    expect(agreeing.length / ours.length).toBeGreaterThan(0.95);
  });
});

describe('rules, with what release 3.3.2 gives', () => {
  test.each([
    ['valence', 'The quarter was good', 0.4404],
    ['exclamation marks', 'The quarter was good!!', 0.5399],
    ['four of them at most', 'The quarter was good!!!!!!', 0.6209],
    ['question marks', 'The quarter was good??', 0.504],
    ['many of them', 'The quarter was good?????', 0.594],
    ['a booster', 'The quarter was very good', 0.4927],
    ['a booster in capitals', 'The quarter was VERY good', 0.6028],
    ['a word in capitals', 'The quarter was GOOD', 0.5622],
    ['all in capitals', 'THE QUARTER WAS GOOD', 0.4404],
    ['boosters at a distance', 'The quarter was really quite good', 0.5379],
    ['a damper', 'Guidance is barely good', 0.3832],
    ['a damper of two words', 'sales were kind of good', 0.3832],
    ['a damper of a bad word', 'hardly a bad trade', -0.4976],
    ['negation', 'The quarter was not good', -0.3412],
    ['negation by contraction', "The quarter wasn't good", -0.3412],
    ['negation at a distance', 'rarely a bad trade', 0.431],
    ['negation by no', 'no good news', -0.3412],
    ['no … or', 'no profit or gain', -0.6348],
    ['no, alone', 'no words of the list here', -0.296],
    ['never so, in the middle', 'It never was so good', 0.5777],
    ['never so, at the start', 'never so good', 0.5777],
    ['never so, later', 'the results were never so good', 0.6626],
    ['without doubt', 'without doubt a good result', 0.6136],
    ['least', 'the least good result', -0.3412],
    ['at least', 'at least good results', 0.4404],
    ['but', 'Good margins, but terrible guidance', -0.4939],
    ['an idiom', 'The product is the bomb', 0.6124],
    ['emoticons', 'profit :) :(', 0.4588],
    ['a heart', 'I love it <3', 0.7964],
    ['emoji', '😀 great 🚀', 0.765],
    ['capitals of a bad word', 'Terribly HORRIBLE losses :-(', -0.9191],
    ['no text', '', 0],
  ])('%s: %s', (_, text, compound) => {
    expect(sentiment(text)).toBeCloseTo(compound, 4);
  });
});

describe('where ours differ from the release', () => {
  test.each([
    ['an entity', 'profits &lt;3', 'profits <3'],
    ['a typographic apostrophe', 'I don’t like it', "I don't like it"],
    ['typographic quotes', '“great”', 'great'],
    ['a lengthened word', 'YESSSSS that was goooood', 'YES that was good'],
    ['a lengthened smile', 'up :))))', 'up :)'],
    ['a short word before a mark', 'Ha. Sold.', 'Ha Sold.'],
    ['an emoji without a blank', 'up😀up', 'up 😀 up'],
  ])('%s: %s reads like %s', (_, text, same) => {
    expect(sentiment(text)).toBe(sentiment(same));
    expect(sentiment(text)).not.toBe(0);
  });

  test('a word is turned once, whatever stands before it', () => {
    expect(sentiment("DON'T CARE DON'T CARE DON'T CARE")).toBeLessThan(0);
  });

  test('no, again and again, stays negative', () => {
    expect(sentiment('no no no no')).toBeLessThan(sentiment('no'));
  });

  test('phrases count wherever they stand, and once', () => {
    expect(sentiment('Yeah right, we shall see')).toBeCloseTo(-2 / Math.sqrt(19), 10);
    expect(sentiment('a chart to die for')).toBeCloseTo(3 / Math.sqrt(24), 10);
    expect(sentiment('we are in the red')).toBeLessThan(0);
  });

  test('a sad face is not a mirrored smile', () => {
    expect(sentiment('oh D:')).toBeLessThan(0);
    expect(sentiment('oh d:')).toBeGreaterThan(0);
  });
});

test('a compound is a number from -1 to 1 that depends on nothing but the text', () => {
  fc.assert(
    fc.property(anyText, anyText, (text, other) => {
      const compound = sentiment(text);
      sentiment(other);
      expect(Math.abs(compound)).toBeLessThanOrEqual(1);
      expect(sentiment(text)).toBe(compound);
      expect(sentiment(` ${text}\n`)).toBe(compound);
      expect(createSentimentAgain()(text)).toBe(compound);
    }),
    { numRuns: 300 },
  );
});

test('more exclamation marks never make a text milder', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(Math.abs(sentiment(`${text} !`))).toBeGreaterThanOrEqual(Math.abs(sentiment(`${text} .`)));
    }),
  );
});

const another = createSentiment(parseLexicon(LEXICON));
const createSentimentAgain = (): typeof sentiment => another;
