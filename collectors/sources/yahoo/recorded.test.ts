/** An hour of the real streamer, as decoded by others, and four answers of Yahoo over HTTP. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import { describe, expect, test } from '@jest/globals';

import { sharedRecording } from '../../testing/files.ts';
import { testLive } from '../../testing/live.ts';
import { encodePricing } from '../../testing/yahoo-pricing.ts';
import { chartRows } from './chart.ts';
import { takeFrame } from './frames.ts';
import { decodePricing } from './pricing.ts';
import { createPrices } from './prices.ts';
import { readQuotes } from './quotes.ts';

const trades = sharedRecording('questdb_nasdaq_trades.csv.gz');

(trades === null ? describe.skip : describe)('an hour of nine stocks, 2023-09-05 (skipped where the recording is absent)', () => {
  const rows = trades === null ? [] : gunzipSync(readFileSync(trades)).toString('utf8').trim().split('\n').slice(1).map((line) => line.split(',').map((cell) => cell.replaceAll('"', '')));

  test('all 14,842 messages decode, none is rejected or dropped, and the noise of 14,422 prices is gone', () => {
    const made = testLive({ name: 'yahoo', capacity: 16_384 });
    const prices = createPrices({ live: made.live, collects: () => true, maxSnapshotAge: 60e6, maxAge: 1800e6 });
    const wrong: string[] = [];
    let noise = 0;
    for (const [timestamp, id, exchange, quoteType, price, marketHours, changePercent, dayVolume, change, priceHint] of rows as [string, ...string[]][]) {
      const time = Date.parse(timestamp);
      const numbers = { price: Number(price), quoteType: Number(quoteType), marketHours: Number(marketHours), changePercent: Number(changePercent), dayVolume: Number(dayVolume), change: Number(change), priceHint: Number(priceHint) };
      const message = encodePricing({ id: id!, exchange: exchange!, time, ...numbers });
      const read = decodePricing(message);
      const isSame = read.id === id && read.exchange === exchange && read.time === time && (read.dayVolume ?? 0) === numbers.dayVolume && read.quoteType === 8 && read.marketHours === 1;
      // The same float32, in fewer digits.
      if (!isSame || Math.fround(Number(read.price)) !== Math.fround(numbers.price) || String(read.price).length > 9) wrong.push(message);
      if (String(read.price).length < price!.length) noise++;
      made.live.out.frame('recorded', message, time * 1000 + 200_000, () => takeFrame(message, prices));
    }
    expect(wrong).toEqual([]);
    const published = made.take();
    const { skipped, rejections, frames } = made;
    expect([rows.length, noise, published.length, Object.fromEntries(skipped), Object.fromEntries(frames), rejections]).toEqual([14_842, 14_422, 14_842, {}, { price: 14_842 }, []]);
  });

  test('day volumes are no trades: one of them falls', () => {
    const last = new Map<string, number>();
    let falls = 0;
    for (const [, id, , , , , , volume] of rows) {
      if (Number(volume) < (last.get(id!) ?? 0)) falls++;
      last.set(id!, Number(volume));
    }
    expect(falls).toBe(1);
  });
});

const fixture = (name: string): string | null => {
  const file = sharedRecording(`yahoo_fixtures/${name}`);
  return file === null ? null : JSON.stringify((JSON.parse(readFileSync(file, 'utf8')) as { response: { bodyJson: unknown } }).response.bodyJson);
};
const quotes = ['quote-AAPL.json', 'quote-AAPL-BABA.json', 'quote-BTC-USD.json'].map(fixture);
const chart = fixture('chart-AAPL-2020-08-31-to-2020-11-07.json');

(chart === null ? describe.skip : describe)('recorded answers (skipped where they are absent)', () => {
  test('the newest price of quotes, of whatever hours', () => {
    const { live, rejections } = testLive({ name: 'yahoo' });
    const read = quotes.map((body) => readQuotes(live.out, body!).prices);
    const aapl = { symbol: 'AAPL', at: 1_739_581_198_000_000, price: 244.64, volume: 40_896_227 };
    expect(read).toEqual([
      [aapl],
      [aapl, { symbol: 'BABA', at: 1_739_581_199_000_000, price: 124.81, volume: 52_086_273 }],
      [{ symbol: 'BTC-USD', at: 1_739_789_580_000_000, price: 96077.45, volume: 21_228_961_792 }],
    ]);
    expect(rejections).toEqual([]);
  });

  test('rows of a chart, without the noise of float32', () => {
    const read = chartRows(chart!);
    expect(read).toHaveLength(49);
    expect(read[0]).toEqual({ at: 1_598_880_600_000_000, open: 127.58, high: 131, low: 126, close: 129.04, volume: 225_702_700 });
    for (const { open, high, low, close } of read) {
      expect(Math.min(open, close)).toBeGreaterThanOrEqual(low);
      expect(Math.max(open, close)).toBeLessThanOrEqual(high);
      expect(String(close).length).toBeLessThanOrEqual(8);
    }
  });
});

test('rows without a price and a chart without rows', () => {
  const of = (result: object): string => JSON.stringify({ chart: { result: [result], error: null } });
  expect(chartRows(of({ meta: { symbol: 'X' }, indicators: { quote: [{}] } }))).toEqual([]);
  const quote = { open: [1, null, 3], high: [1, null, 3], low: [1, null, 3], close: [1, null, 3], volume: [4, null, null] };
  expect(chartRows(of({ meta: { symbol: 'X' }, timestamp: [60, 120, 180], indicators: { quote: [quote] } }))).toEqual([
    { at: 60_000_000, open: 1, high: 1, low: 1, close: 1, volume: 4 },
    { at: 180_000_000, open: 3, high: 3, low: 3, close: 3, volume: 0 },
  ]);
});
