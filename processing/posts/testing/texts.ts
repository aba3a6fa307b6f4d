/** For tests: texts that someone might send to be a nuisance, and any others. */
import fc from 'fast-check';

const MEGA = 1 << 20;
const fill = (unit: string): string => unit.repeat(Math.ceil(MEGA / unit.length)).slice(0, MEGA);

/** About a mebibyte of code units each. */
export const hostileTexts: Readonly<Record<string, string>> = {
  'one word': fill('a'),
  'one word in capitals': fill('A'),
  'one lengthened word': `s${fill('o')}`,
  words: fill('not very good but '),
  negators: fill("don't "),
  phrases: fill('kind of kind '),
  'names cut short': fill('bank of '),
  exclamations: fill('!'),
  emoji: fill('🚀'),
  'lone high surrogates': fill('\ud83d'),
  'lone low surrogates': fill('\ude80'),
  'letters beyond the plane': fill('𝐀'),
  'accents without letters': fill('\u0301\u0323'),
  'zero width': fill('\u200b\u200d\ufeff'),
  'right to left': fill('\u202eשלום مرحبا '),
  dollars: fill('$'),
  cashtags: fill('$AAPL'),
  'joined cashtags': fill('$A.'),
  'joined tickers': fill('BRK.B-'),
  handles: fill('@_'),
  addresses: fill('http://'),
  entities: fill('&amp;'),
  'half entities': fill('&am'),
  'white space': fill(' \t\n'),
};

const pieces = ['good', 'BAD', 'not', "n't", 'no', 'but', 'kind of', 'least', 'never', 'so', '!', '?', ':)', 'D:', '$AAPL', '$BRK.B', 'BTC', 'Bank of America', 'AT&T', '&amp;', "'s", '@', 'https://', '😀', '\ud83d', '\u200b', '\u202e', 'ａ', 'é', '.', '-', '_', '#', '\n'];

/** Anything, with much of what the rules look for. */
export const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...pieces) }, fc.string({ unit: 'binary', maxLength: 6 }), fc.constant(' ')), { maxLength: 40 })
  .chain((parts) => fc.constantFrom('', ' ').map((between) => parts.join(between)));
