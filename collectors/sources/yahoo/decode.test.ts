import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { takeEach } from '../../live/entries.ts';
import { testLive } from '../../testing/live.ts';
import { encodePricing } from '../../testing/yahoo-pricing.ts';
import { takeFrame } from './frames.ts';
import { decodePricing } from './pricing.ts';
import { createPrices } from './prices.ts';
import { readQuotes } from './quotes.ts';

/** A real message of 2025-01-10, as yfinance's tests have it. */
const BTC = 'CgdCVEMtVVNEFYoMuUcYwLCVgIplIgNVU0QqA0NDQzApOAFFPWrEP0iAgOrxvANVx/25R12csrRHZYD8skR9/7i0R7ABgIDq8bwD2AEE4AGAgOrxvAPoAYCA6vG8A/IBA0JUQ4ECAAAAwPrjckGJAgAA2P5ZT3tC';

const NOW_MS = 1_736_509_150_000;

function decodeAll(frames: readonly string[], { nowMs = NOW_MS }: { readonly nowMs?: number } = {}) {
  const made = testLive({ name: 'yahoo' });
  const prices = createPrices({ live: made.live, collects: (symbol) => symbol !== 'OTHER', maxSnapshotAge: 60e6, maxAge: 1800e6 });
  const frame = (text: string, receiptMs = nowMs): void => { made.live.out.frame('test', text, receiptMs * 1000, () => takeFrame(text, prices)); };
  for (const text of frames) frame(text);
  const rows = () => made.take().map((line) => JSON.parse(line) as Record<string, unknown>);
  return { ...made, prices, frame, rows };
}

const at = (time: number, price = 10, more: object = {}): string => encodePricing({ id: 'AAPL', price, time, dayVolume: 5, ...more });

test('the message of the service, every field', () => {
  expect(decodePricing(BTC)).toEqual({
    id: 'BTC-USD',
    price: 94745.08,
    time: 1_736_509_140_000,
    currency: 'USD',
    exchange: 'CCC',
    quoteType: 41,
    marketHours: 1,
    changePercent: 1.5344921,
    dayVolume: 59_712_028_672,
    dayHigh: 95227.555,
    dayLow: 92517.22,
    change: 1431.8906,
    openPrice: 92529.99,
    lastSize: 59_712_028_672,
    priceHint: 2,
    vol24hr: 59_712_028_672,
    volAllCurrencies: 59_712_028_672,
    fromCurrency: 'BTC',
    circulatingSupply: 19_808_172,
    marketCap: 1_876_726_640_000,
  });
});

test.each([
  ['version 2', JSON.stringify({ type: 'pricing', message: BTC })],
  ['version 1', BTC],
])('a frame of %s becomes a trade without size and side', (_, frame) => {
  const { rows, frames } = decodeAll([frame]);
  expect(rows()).toEqual([
    { instrument: 'yahoo:BTC-USD', source: 'yahoo', sequence: 0, eventTimeUs: 1_736_509_140_000_000, receiptTimeUs: NOW_MS * 1000, trade: { price: 94745.08, size: 0, aggressor: 'SIDE_UNSPECIFIED' } },
  ]);
  expect(Object.fromEntries(frames)).toEqual({ price: 1 });
});

test('what is written comes back: floats as the shortest text of their float32, whole numbers exactly', () => {
  fc.assert(
    fc.property(
      fc.record({ id: fc.string({ minLength: 1, unit: 'grapheme' }), price: fc.double({ min: 0.0001, max: 1e6 }), time: fc.maxSafeInteger(), dayVolume: fc.maxSafeInteger(), quoteType: fc.nat(1000) }),
      ({ id, price, time, dayVolume, quoteType }) => {
        const read = decodePricing(encodePricing({ id, price, time, dayVolume, quoteType }));
        expect(read).toMatchObject({ id, ...(time !== 0 && { time }), ...(dayVolume !== 0 && { dayVolume }), ...(quoteType !== 0 && { quoteType }) });
        expect(Math.fround(Number(read.price))).toBe(Math.fround(price));
        expect(String(read.price).replace(/[^0-9]/g, '').replace(/^0+|0+$/g, '').length).toBeLessThanOrEqual(9);
      },
    ),
  );
});

test('whole numbers beyond 2^53 are exact, too', () => {
  // Zigzag of 2^53 + 1 in field 9.
  expect(decodePricing(Buffer.from([0x48, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]).toString('base64'))).toEqual({ dayVolume: 9_007_199_254_740_993n });
});

test('any bytes either decode or are refused as malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      try {
        decodePricing(Buffer.from(bytes).toString('base64'));
      } catch (error) {
        expect(error).toMatchObject({ code: 'MALFORMED_RECORD' });
      }
    }),
  );
});

test.each([
  ['not JSON', '{"type":"pricing","mess'],
  ['type brandnew is not known', '{"type":"brandnew","message":""}'],
  ['message is not a text', '{"type":"pricing"}'],
  ['the message is not base64', '[null]'],
  ['the message is not base64', '{"type":"pricing","message":"a b"}'],
  ['the message is no PricingData', BTC.slice(0, -8)],
  ['id is missing', encodePricing({ price: 1, time: NOW_MS })],
  ['time is not a time', encodePricing({ id: 'AAPL', price: 1 })],
  ['time lies in the future', encodePricing({ id: 'AAPL', price: 1, time: NOW_MS + 3_600_000 })],
  ['yahoo:AAPL: price is not finite or not positive', encodePricing({ id: 'AAPL', price: -1, time: NOW_MS })],
])('a dead letter: %s', (message, frame) => {
  const made = decodeAll([frame]);
  expect(made.rows()).toEqual([]);
  expect(made.rejections.map((rejection) => rejection.message)).toEqual([message]);
});

test('heartbeats, symbols without a price, and symbols of others are counted', () => {
  const made = decodeAll([encodePricing({ quoteType: 7, time: NOW_MS }), encodePricing({ id: 'AAPL', time: NOW_MS }), encodePricing({ id: 'OTHER', price: 1, time: NOW_MS })]);
  expect(made.rows()).toEqual([]);
  expect([Object.fromEntries(made.frames), Object.fromEntries(made.skipped)]).toEqual([{ heartbeat: 1, 'no-price': 1, price: 1 }, { 'not-collected': 1 }]);
});

describe('what is news', () => {
  const prices = ({ rows }: ReturnType<typeof decodeAll>): unknown[] => rows().map((row) => (row['trade'] as { price: number }).price);

  test('each price once; one second may hold several, older ones are late', () => {
    const made = decodeAll([at(NOW_MS - 1000, 1), at(NOW_MS - 1000, 1), at(NOW_MS - 1000, 2), at(NOW_MS - 1000, 2, { dayVolume: 6 }), at(NOW_MS - 2000, 3), at(NOW_MS, 4)]);
    expect(prices(made)).toEqual([1, 2, 2, 4]);
    expect(Object.fromEntries(made.skipped)).toEqual({ repeat: 1, late: 1 });
  });

  test('what comes first may be days old: it is where the stream begins', () => {
    const made = decodeAll([at(NOW_MS - 3 * 86_400_000, 1), at(NOW_MS - 3 * 86_400_000, 1), at(NOW_MS, 2)]);
    expect(prices(made)).toEqual([2]);
    expect(Object.fromEntries(made.skipped)).toEqual({ stale: 1, repeat: 1 });
  });

  test('so may be what comes first after an interruption; of the prices between, those of a delayed exchange are news', () => {
    const made = decodeAll([at(NOW_MS - 5000, 1)]);
    made.prices.begin(['AAPL']);
    made.frame(at(NOW_MS + 60_000, 2), NOW_MS + 180_000);
    made.frame(at(NOW_MS + 61_000, 3), NOW_MS + 181_000 + 900_000);
    made.frame(at(NOW_MS + 62_000, 4), NOW_MS + 182_000 + 3_600_000);
    expect(prices(made)).toEqual([1, 3]);
    expect(Object.fromEntries(made.skipped)).toEqual({ stale: 2 });
  });

  test('minutes do not lead back behind a price', () => {
    const made = decodeAll([at(NOW_MS - 5000, 1)]);
    const bar = { open: 1, high: 2, low: 1, close: 2, volume: 7 };
    made.live.out.frame('chart', '', NOW_MS * 1000, () => {
      expect([made.prices.publishBar('AAPL', (NOW_MS - 6000) * 1000, bar), made.prices.publishBar('AAPL', (NOW_MS - 1000) * 1000, bar)]).toEqual([false, true]);
      return 'chart';
    });
    made.frame(at(NOW_MS - 2000, 3));
    expect(made.rows().map(({ bar: published }) => published)).toEqual([undefined, { ...bar, intervalUs: 60_000_000 }]);
  });
});

test('of polled quotes: null where there are no extended hours is no fault, and one price from the future does not spoil the others', () => {
  const made = testLive({ name: 'yahoo' });
  const { live } = made;
  const prices = createPrices({ live, collects: () => true, maxSnapshotAge: 60e6, maxAge: 1800e6 });
  const now = live.receipt();
  const quote = (symbol: string, at: number): object => ({ symbol, regularMarketPrice: 1, regularMarketTime: Math.floor(at / 1e6), preMarketPrice: null, preMarketTime: null });
  live.out.frame('u', 'body', now, () => {
    const answer = readQuotes(live.out, JSON.stringify({ quoteResponse: { result: [quote('A', now + 3600e6), quote('B', now)], error: null } }));
    takeEach(live.out, answer.prices, (price) => { prices.publish(price); });
    return 'quotes';
  });
  expect(made.take()).toHaveLength(1);
  expect(made.rejections.map(({ code }) => code)).toEqual(['VALUE_OUT_OF_RANGE']);
});
