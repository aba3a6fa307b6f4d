import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hasCode } from '#proto';
import { createResolver, type InstrumentTable } from './index.ts';
import { exampleTable } from './testing/files.ts';
import { anyText } from './testing/texts.ts';

const table: InstrumentTable = {
  assets: [
    { instruments: ['x:AAPL'], symbols: ['AAPL'], names: ['Apple Inc', { name: 'Apple', letters: 'written' }, { name: 'apple', context: true }] },
    { instruments: ['x:BRK'], symbols: ['BRK.B'], names: ['Berkshire Hathaway'] },
    { instruments: ['x:T'], symbols: ['T'], names: ['AT&T'] },
    { instruments: ['x:BAC'], symbols: ['BAC'], names: ['Bank of America', 'BofA'] },
    { instruments: ['x:USA'], names: ['America'] },
    { instruments: ['a:BTC-USD', 'b:BTC-USDT'], symbols: ['BTC'], cashtags: ['BTC.X'], names: ['bitcoin'] },
    { instruments: ['x:MCD'], symbols: ['MCD'], names: ["McDonald's"] },
    { instruments: ['x:NESN'], names: ['Nestlé'] },
    { instruments: ['x:KO'], symbols: ['KO'], names: ['Coca-Cola'] },
    { instruments: ['x:ALL'], symbols: ['ALL'], names: [{ name: 'Target', context: true }] },
    { instruments: ['x:JPM'], symbols: ['JPM'], names: ['J.P. Morgan'] },
  ],
};
const resolve = createResolver(table);

describe('a post names', () => {
  test.each([
    ['a cashtag', 'long $AAPL', ['x:AAPL']],
    ['a cashtag in lower case', 'long $aapl.', ['x:AAPL']],
    ['cashtags without blanks', '$AAPL$BAC,$T', ['x:AAPL', 'x:BAC', 'x:T']],
    ['a class of shares', '$BRK.B $BRK-B', ['x:BRK']],
    ['a class of shares, bare', 'BRK.B and BRK/B', ['x:BRK']],
    ['a suffix of its own', '$BTC.X up', ['a:BTC-USD', 'b:BTC-USDT']],
    ['a sentence that ends in a cashtag', 'I like $AAPL.Really', ['x:AAPL']],
    ['another exchange', '$T.TO', []],
    ['another cashtag', '$AAPLX $AAP', []],
    ['a word with a dollar', 'A$AAPL S#$T €$T $$T E$X$T', []],
    ['a cashtag cut off', '$BAC $AAPL…', ['x:BAC']],
    ['a cashtag before dots', '$AAPL… and on', ['x:AAPL']],
    ['money', '$100 $5K US$', []],
    ['a symbol in capitals', 'AAPL beats', ['x:AAPL']],
    ['a symbol in lower case', 'aapl beats', []],
    ['a stop word', 'ALL of T', []],
    ['a stop word as a cashtag', '$all $T', ['x:ALL', 'x:T']],
    ['a pair', 'BTC/USD and BTC-PERP', ['a:BTC-USD', 'b:BTC-USDT']],
    ['a name in any case', 'BITCOIN, Bitcoin, bitcoin', ['a:BTC-USD', 'b:BTC-USDT']],
    ['the longest name', 'Bank of America', ['x:BAC']],
    ['a shorter name', 'banks of America', ['x:USA']],
    ['a name cut short', 'Bank of Bank of America', ['x:BAC']],
    ['a name over hyphens and lines', 'bank-of\n america', ['x:BAC']],
    ['a name over a sentence', 'the bank of. America', ['x:USA']],
    ['part of a word', 'bitcoiner pineApple', []],
    ['a possessive', "Apple's chips and bitcoin’s chart", ['x:AAPL', 'a:BTC-USD', 'b:BTC-USDT']],
    ['a name with an apostrophe', 'McDonald’s fries', ['x:MCD']],
    ['a name with a joiner', 'AT&T, AT&amp;T', ['x:T']],
    ['the words without the joiner', 'at t', []],
    ['a name with points', 'J.P. Morgan says', ['x:JPM']],
    ['accents or none', 'NESTLE nestlé Nestle\u0301', ['x:NESN']],
    ['a hyphenated name', 'coca cola', ['x:KO']],
    ['letters as written', 'Apple APPLE', ['x:AAPL']],
    ['a fruit', 'an apple a day', []],
    ['a fruit on the market', 'apple shares', ['x:AAPL']],
    ['a fruit beside a cashtag', '$XYZ apple', ['x:AAPL']],
    ['a context that comes before', 'stocks: target', ['x:ALL']],
    ['a word without context', 'a price target', []],
    ['a hashtag', '#bitcoin #AAPL', ['a:BTC-USD', 'b:BTC-USDT', 'x:AAPL']],
    ['a handle', '@Apple @bitcoin_news mail@bitcoin.org', []],
    ['an address', 'https://x.org/bitcoin?AAPL www.bitcoin.org $BAC', ['x:BAC']],
    ['hidden signs', 'bit\u200dcoin $AAPL\u200f \u202aAAPL\u202c', ['a:BTC-USD', 'b:BTC-USDT', 'x:AAPL']],
    ['wide letters', 'ＡＡＰＬ ＄BAC', ['x:AAPL', 'x:BAC']],
    ['letters of mathematics', '𝐁𝐢𝐭𝐜𝐨𝐢𝐧', ['a:BTC-USD', 'b:BTC-USDT']],
    ['emoji around', '🚀bitcoin🚀', ['a:BTC-USD', 'b:BTC-USDT']],
    ['right to left', 'שלום $AAPL مرحبا', ['x:AAPL']],
    ['nothing', '', []],
  ])('%s: %s', (_, text, instruments) => {
    expect(resolve(text)).toEqual(instruments);
  });

  test('each instrument once, in the order of first mention', () => {
    expect(resolve('Apple, $T, bitcoin, $AAPL, AT&T')).toEqual(['x:AAPL', 'x:T', 'a:BTC-USD', 'b:BTC-USDT']);
  });
});

test('every name and symbol of the example table is found, whatever stands around it', () => {
  const example = exampleTable();
  const find = createResolver(example);
  const said = example.assets.flatMap(({ instruments, symbols = [], cashtags = [], names = [] }) => [
    ...[...symbols, ...cashtags].map((symbol) => ({ words: `$${symbol}`, instruments })),
    ...names.map((name) => ({ words: typeof name === 'string' ? name : name.name, instruments })),
  ]);
  const around = fc.constantFrom('', '(', '"', '🚀', '… ', '\n', 'the stock ', '$ZZZZ ');
  fc.assert(
    fc.property(fc.constantFrom(...said), around, around, ({ words, instruments }, before, after) => {
      expect(find(`${before}${words} ${after} stock`)).toEqual(expect.arrayContaining([...instruments]));
    }),
  );
});

test('what is found is in the table, once, and depends on nothing but the text', () => {
  const known = new Set(table.assets.flatMap(({ instruments }) => instruments));
  fc.assert(
    fc.property(anyText, anyText, (text, other) => {
      const found = [...resolve(text)];
      resolve(other);
      expect(new Set(found).size).toBe(found.length);
      expect(found.every((instrument) => known.has(instrument))).toBe(true);
      expect(resolve(text)).toEqual(found);
    }),
    { numRuns: 300 },
  );
});

test.each<[string, InstrumentTable['assets']]>([
  ['an asset without instruments', [{ instruments: [] }]],
  ['an instrument of two assets', [{ instruments: ['x:A'] }, { instruments: ['x:A'] }]],
  ['a symbol of two assets', [{ instruments: ['x:A'], symbols: ['BRK.B'] }, { instruments: ['x:B'], cashtags: ['brk-b'] }]],
  ['a name of two assets', [{ instruments: ['x:A'], names: ['Delta Air'] }, { instruments: ['x:B'], names: ['delta-air'] }]],
  ['a symbol that no post has', [{ instruments: ['x:A'], symbols: ['$A'] }]],
  ['a name without letters', [{ instruments: ['x:A'], names: ['…'] }]],
  ['a name that is a handle', [{ instruments: ['x:A'], names: ['@apple'] }]],
])('%s is refused', (_, assets) => {
  let caught: unknown;
  try {
    createResolver({ assets });
  } catch (error) {
    caught = error;
  }
  expect(hasCode(caught, 'CONFIG_INVALID')).toBe(true);
});

test('stop words and context words can be given', () => {
  const own = createResolver({ ...table, stopWords: ['aapl'], contextWords: ['harvest'] });
  expect(own('AAPL ALL')).toEqual(['x:ALL']);
  expect(own('stock: apple')).toEqual([]);
  expect(own('apple harvest')).toEqual(['x:AAPL']);
});
