/** Every frame of half a minute of the real feeds, 2021-04-17: the older WebSocket, whose values, sides and checksums v2 kept. */
import { describe, expect, test } from '@jest/globals';

import { TickSide } from '#proto';

import { recordedFrames } from '../../testing/frames.ts';
import { krakenV1Decoder } from '../../testing/kraken-v1.ts';
import { testLive } from '../../testing/live.ts';
import type { Quote, Trade } from './rows.ts';

const recorded = {
  trade: recordedFrames('cryptofeed_KRAKEN.ws.48.0.gz'),
  ticker: recordedFrames('cryptofeed_KRAKEN.ws.49.0.gz'),
  book: recordedFrames('cryptofeed_KRAKEN.ws.50.0.gz'),
};

function decodeAll(name: keyof typeof recorded) {
  const made = testLive({ name: 'kraken' });
  const trades: (Trade & { symbol: string; receipt: number })[] = [];
  const tickers: (Quote & { symbol: string; receipt: number })[] = [];
  const bests: (Quote & { symbol: string; receipt: number })[] = [];
  const { out } = made.live;
  const decode = krakenV1Decoder({
    trade: (symbol, trade) => trades.push({ symbol, receipt: out.receipt, ...trade }),
    ticker: (symbol, quote) => tickers.push({ symbol, receipt: out.receipt, ...quote }),
    best: (symbol, quote) => bests.push({ symbol, receipt: out.receipt, ...quote }),
  });
  for (const { receipt, text } of recorded[name]!) out.frame('recorded', text, receipt, () => decode(text));
  made.take();
  return { ...made, trades, tickers, bests };
}

(recorded.book ? describe : describe.skip)('recorded frames of Kraken (skipped where the recording is absent)', () => {
  test('all 4,321 frames of books decode, and all 4,269 checksums agree', () => {
    const { frames, rejections, bests } = decodeAll('book');
    expect(recorded.book).toHaveLength(4321);
    expect(Object.fromEntries(frames)).toEqual({ systemStatus: 1, subscriptionStatus: 10, heartbeat: 31, 'book-snapshot': 10, book: 4269 });
    expect(rejections).toEqual([]);
    for (const { bid, ask } of bests) expect(ask).toBeGreaterThan(bid);
  });

  test('a frame of a book that is left out is noticed by the checksum of the next', () => {
    const made = testLive({ name: 'kraken' });
    const decode = krakenV1Decoder({ trade: () => undefined, ticker: () => undefined, best: () => undefined });
    const changes = recorded.book!.filter(({ text }) => text.endsWith('"book-1000","XMR/USD"]'));
    // The third change touches the best ten.
    changes.slice(0, 40).forEach(({ receipt, text }, i) => { if (i !== 3) made.live.out.frame('recorded', text, receipt, () => decode(text)); });
    made.take();
    expect(made.rejections.length).toBeGreaterThan(0);
    expect(made.rejections[0]!.message).toContain('checksum');
  });

  test('all 49 frames of trades decode, to the last digit and the microsecond', () => {
    const { frames, rejections, trades } = decodeAll('trade');
    expect(recorded.trade).toHaveLength(49);
    expect(Object.fromEntries(frames)).toEqual({ systemStatus: 1, subscriptionStatus: 10, heartbeat: 30, trade: 8 });
    expect(rejections).toEqual([]);
    expect(trades).toHaveLength(10);
    expect(trades[0]).toEqual({ symbol: 'XMR/USD', receipt: 1_618_678_142_592_855, id: 0, eventTime: 1_618_678_142_557_535, price: 354.11, size: 0.89594024, side: TickSide.SELL });
  });

  test('the side is the taker\'s: buys are at or above the ask of the moment, sells at or below the bid', () => {
    const { bests } = decodeAll('book');
    let compared = 0;
    for (const { symbol, side, price, eventTime } of decodeAll('trade').trades) {
      const before = bests.findLast((best) => best.symbol === symbol && best.receipt < eventTime);
      if (!before) continue;
      compared++;
      expect([symbol, eventTime, side]).toEqual([symbol, eventTime, price > (before.bid + before.ask) / 2 ? TickSide.BUY : TickSide.SELL]);
    }
    expect(compared).toBeGreaterThan(5);
  });

  test('all 60 frames of tickers decode, and each says what the book said at about that time', () => {
    const { frames, rejections, tickers } = decodeAll('ticker');
    const { bests } = decodeAll('book');
    expect(recorded.ticker).toHaveLength(60);
    expect(Object.fromEntries(frames)).toEqual({ systemStatus: 1, subscriptionStatus: 10, heartbeat: 31, ticker: 18 });
    expect(rejections).toEqual([]);
    // The first ones came before the books did.
    const late = tickers.filter(({ symbol, receipt }) => bests.some((best) => best.symbol === symbol && best.receipt < receipt));
    expect(late.length).toBeGreaterThan(6);
    for (const { symbol, receipt, bid, ask } of late) {
      const near = bests.filter((best) => best.symbol === symbol && Math.abs(best.receipt - receipt) < 2e6).map((best) => [best.bid, best.ask]);
      expect(near).toContainEqual([bid, ask]);
    }
  });
});
