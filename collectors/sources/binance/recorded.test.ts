/** Every frame of half a minute of the real streams, 2021-10-12, of Binance and of Binance.US. */
import { describe, expect, test } from '@jest/globals';

import type { Channel } from '../../connect/connection.ts';
import { Rising } from '../../integrity/repeats.ts';
import { createNumbered } from '../../live/numbered.ts';
import { recordedFrames } from '../../testing/frames.ts';
import { testLive } from '../../testing/live.ts';
import { binanceDecoder } from './feed.ts';
import { binanceRows, wireOf } from './rows.ts';

const recorded = {
  binance: { frames: recordedFrames('cryptofeed_BINANCE.ws.1.0.gz'), symbols: ['NKN-USDT', 'BLZ-ETH', 'LRC-BTC', 'RUNE-EUR'] },
  'binance-us': { frames: recordedFrames('cryptofeed_BINANCE_US.ws.1.0.gz'), symbols: ['CRV-USDT', 'COMP-USDT', 'OMG-BUSD', 'ZRX-USDT'] },
};

interface Row {
  readonly instrument: string;
  readonly sequence: number;
  readonly eventTimeUs: number;
  readonly receiptTimeUs: number;
  readonly trade?: { readonly price: number; readonly size: number; readonly aggressor: string };
  readonly quote?: { readonly bid: number; readonly ask: number };
}

const channel: Channel = {
  name: 'binance/1',
  send: () => undefined,
  confirmed: () => undefined,
  giveUp: (_, message) => { throw new Error(message); },
  replace: (message) => { throw new Error(message); },
  refuse: (message) => { throw new Error(message); },
};

function decodeAll(venue: keyof typeof recorded) {
  const { frames, symbols } = recorded[venue];
  const made = testLive({ name: venue });
  const trades = createNumbered(made.live, { stream: 'trade' });
  const rows = binanceRows({ live: made.live, trades, quotes: new Rising(), instrument: (symbol) => `${venue}:${symbol}` });
  const wires = new Map(symbols.map((symbol) => [wireOf(symbol), symbol]));
  const decode = binanceDecoder({ channel, rows, messages: 0, confirmed: () => undefined, symbolOf: (wire) => wires.get(wire) ?? null });
  for (const { receipt, text } of frames!) made.live.out.frame('recorded', text, receipt, () => decode(text));
  const written = made.take().map((line) => JSON.parse(line) as Row);
  return { ...made, written };
}

(recorded.binance.frames ? describe : describe.skip)('recorded frames of Binance (skipped where the recording is absent)', () => {
  test('all 265 frames of Binance decode: counts by kind, none rejected', () => {
    const { written, frames, skipped, rejections, events } = decodeAll('binance');
    expect(recorded.binance.frames).toHaveLength(265);
    expect(Object.fromEntries(frames)).toEqual({ depthUpdate: 177, bookTicker: 84, aggTrade: 2, kline: 2 });
    expect([rejections, Object.fromEntries(skipped), events]).toEqual([[], {}, []]);
    expect(written.filter(({ quote }) => quote)).toHaveLength(84);
    expect(written.find(({ trade }) => trade)).toEqual({
      instrument: 'binance:NKN-USDT',
      source: 'binance',
      eventTimeUs: 1_633_998_523_963_000,
      receiptTimeUs: expect.any(Number),
      sequence: 15_683_430,
      trade: { price: 0.3528, size: 58, aggressor: 'SIDE_BUY' },
    });
  });

  test('all 480 frames of Binance.US decode: counts by kind, none rejected', () => {
    const { written, frames, skipped, rejections, events } = decodeAll('binance-us');
    expect(recorded['binance-us'].frames).toHaveLength(480);
    expect(Object.fromEntries(frames)).toEqual({ depthUpdate: 336, bookTicker: 128, aggTrade: 11, kline: 5 });
    expect([rejections, Object.fromEntries(skipped), events]).toEqual([[], {}, []]);
    expect(written.filter(({ trade }) => trade)).toHaveLength(11);
  });

  test.each(['binance', 'binance-us'] as const)('of %s, the aggressor is the one who crossed: buys at or above the middle of before, sells at or below', (venue) => {
    const { written } = decodeAll(venue);
    let compared = 0;
    written.forEach(({ instrument, trade }, i) => {
      const before = written.slice(0, i).findLast((row) => row.quote !== undefined && row.instrument === instrument)?.quote;
      if (!trade || !before || trade.price === (before.bid + before.ask) / 2) return;
      compared++;
      expect([instrument, trade.price, trade.aggressor]).toEqual([instrument, trade.price, trade.price > (before.bid + before.ask) / 2 ? 'SIDE_BUY' : 'SIDE_SELL']);
    });
    expect(compared).toBeGreaterThan(0);
  });

  test('a quote happened when it was received: the vendor gives no time; none is crossed, and their numbers rise', () => {
    for (const venue of ['binance', 'binance-us'] as const) {
      const last = new Map<string, number>();
      for (const { instrument, sequence, quote, eventTimeUs, receiptTimeUs } of decodeAll(venue).written) {
        if (!quote) continue;
        expect(eventTimeUs).toBe(receiptTimeUs);
        expect(quote.ask).toBeGreaterThan(quote.bid);
        expect(sequence).toBeGreaterThan(last.get(instrument) ?? 0);
        last.set(instrument, sequence);
      }
    }
  });
});
