import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createPostAnalyser, createResolver, createSentiment, parseLexicon } from './index.ts';
import { LEXICON, exampleTable } from './testing/files.ts';
import { anyText, hostileTexts } from './testing/texts.ts';

const analyse = createPostAnalyser({ instruments: exampleTable(), lexicon: LEXICON });

test('a post gets its instruments and its sentiment', () => {
  expect(analyse({ text: 'Bitcoin and $AAPL look GREAT!' })).toEqual({
    instruments: ['coinbase:BTC-USD', 'binance:BTC-USDT', 'yahoo:AAPL'],
    compound: expect.closeTo(0.729, 3) as unknown,
  });
  expect(analyse({ text: '' })).toEqual({ instruments: [], compound: 0 });
});

test('both are what the parts give', () => {
  const resolve = createResolver(exampleTable());
  const sentiment = createSentiment(parseLexicon(LEXICON));
  fc.assert(
    fc.property(anyText, (text) => {
      expect(analyse({ text })).toEqual({ instruments: resolve(text), compound: sentiment(text) });
    }),
  );
});

describe('a hostile text of a mebibyte costs no more than its length', () => {
  test.each(Object.keys(hostileTexts))('%s', (name) => {
    const text = hostileTexts[name]!;
    const before = process.cpuUsage();
    const { instruments, compound } = analyse({ text });
    const { user } = process.cpuUsage(before);
    expect(Math.abs(compound)).toBeLessThanOrEqual(1);
    expect(instruments.length).toBeLessThanOrEqual(50);
    // Measured: 10 to 400 ms. A quadratic step would take minutes.
    expect(user / 1e6).toBeLessThan(5);
  });

  test('and leaves nothing behind for the next one', () => {
    expect(analyse({ text: 'a good day for $BRK.B' })).toEqual({ instruments: ['yahoo:BRK-B'], compound: expect.closeTo(0.4404, 4) as unknown });
  });
});
