import { describe, expect, test } from '@jest/globals';
import { createResolver } from './index.ts';
import { exampleTable, stocknetTweets, type Tweet } from './testing/files.ts';

const tweets = stocknetTweets();
const suite = tweets === null ? describe.skip : describe;

/** Of the pairs of tweet and instrument that are found, and those that the service's own cashtags name. */
function score(find: (text: string) => readonly string[], list: readonly Tweet[]): { precision: number; recall: number } {
  const { assets } = exampleTable();
  const bySymbol = new Map(assets.flatMap(({ symbols = [], instruments }) => symbols.map((symbol) => [symbol, instruments])));
  let both = 0;
  let found = 0;
  let named = 0;
  for (const { text, sym } of list) {
    const instruments = new Set(find(text));
    const expected = new Set(sym.flatMap((symbol) => bySymbol.get(symbol.toUpperCase()) ?? []));
    found += instruments.size;
    named += expected.size;
    for (const instrument of expected) if (instruments.has(instrument)) both += 1;
  }
  return { precision: both / found, recall: both / named };
}

suite(`67,195 real tweets${tweets === null ? ' (skipped: ../shared/data/tests-only/stocknet_tweets is absent)' : ''}`, () => {
  const table = exampleTable();

  test('cashtags alone: those the service found, but for tweets cut off and words with a dollar', () => {
    const assets = table.assets.map(({ instruments, symbols }) => ({ instruments, ...(symbols && { symbols }) }));
    const stopWords = assets.flatMap(({ symbols = [] }) => symbols);
    const { precision, recall } = score(createResolver({ assets, stopWords }), tweets!);
    expect(precision).toBeGreaterThan(0.99);
    expect(recall).toBeGreaterThan(0.99);
  });

  test('with names and bare symbols: what is found beside a cashtag is mostly a true mention without one', () => {
    const { precision, recall } = score(createResolver(table), tweets!);
    expect(precision).toBeGreaterThan(0.955);
    expect(recall).toBeGreaterThan(0.99);
  });

  test('names alone, cashtags taken out: right nine times in ten, for one tweet in four', () => {
    const without = tweets!.map(({ text, sym }) => ({ text: text.replace(/\$[A-Za-z][\w.]*/g, ' '), sym }));
    const { precision, recall } = score(createResolver(table), without);
    expect(precision).toBeGreaterThan(0.88);
    expect(recall).toBeGreaterThan(0.25);
  });
});
