import { expect, test } from '@jest/globals';

import type { Channel } from '../../connect/connection.ts';
import { testLive } from '../../testing/live.ts';
import { finnhubDecoder, recentTrades } from './decode.ts';

function decodeAll(frames: readonly string[], priceUpdates = false) {
  const made = testLive({ name: 'finnhub' });
  const ends: string[] = [];
  const channel: Channel = {
    name: 'finnhub/1',
    send: () => undefined,
    confirmed: () => undefined,
    giveUp: (cause, message) => ends.push(`${cause}: ${message}`),
    replace: () => undefined,
    refuse: (message) => ends.push(message),
  };
  const decode = finnhubDecoder({ live: made.live, recent: recentTrades(), collects: (symbol) => symbol !== 'OTHER', priceUpdates });
  for (const frame of frames) made.live.out.frame('test', frame, 1_800_000_000_000_000, () => decode(channel, frame));
  const rows = made.take().map((line) => JSON.parse(line) as Record<string, unknown>);
  return { ...made, rows, ends };
}

const TRADE = '{"data":[{"c":null,"p":7296.89,"s":"BINANCE:BTCUSDT","t":1575526691134,"v":0.011467}],"type":"trade"}';

test('the frame of the documentation', () => {
  const { rows } = decodeAll([TRADE, '{"type":"ping"}']);
  expect(rows).toEqual([
    { instrument: 'finnhub:BINANCE:BTCUSDT', source: 'finnhub', sequence: 0, eventTimeUs: 1_575_526_691_134_000, receiptTimeUs: 1_800_000_000_000_000, trade: { price: 7296.89, size: 0.011467, aggressor: 'SIDE_UNSPECIFIED' } },
  ]);
});

test('equal trades of one frame are several; a frame that comes twice is one', () => {
  const twice = '{"data":[{"p":1.5,"s":"A","t":1575526691134,"v":2,"c":["1"]},{"p":1.5,"s":"A","t":1575526691134,"v":2,"c":["1"]}],"type":"trade"}';
  const { rows, skipped } = decodeAll([twice, twice]);
  expect(rows).toHaveLength(2);
  expect(Object.fromEntries(skipped)).toEqual({ repeat: 2 });
});

test('a price without a trade is left out and counted, or a trade of size 0 where that is asked for', () => {
  const update = '{"data":[{"p":1.0834,"s":"OANDA:EUR_USD","t":1575526691134,"v":0}],"type":"trade"}';
  expect(decodeAll([update])).toMatchObject({ rows: [], skipped: new Map([['price-update', 1]]) });
  expect(decodeAll([update], true).rows).toMatchObject([{ trade: { price: 1.0834, size: 0 } }]);
});

test('what is not explained is a dead letter; one bad trade does not take the others of its frame', () => {
  const { rows, rejections } = decodeAll(['{"type":"brandnew"}', '{"data":[{"p":"x","s":"A","t":1,"v":1},{"p":2,"s":"A","t":1575526691134,"v":1}],"type":"trade"}', '{"data":[{"p":2,"s":"OTHER","t":1575526691134,"v":1}],"type":"trade"}']);
  expect(rows).toHaveLength(1);
  expect(rejections.map(({ message }) => message)).toEqual(['type brandnew is not documented', 'p is not a decimal number']);
});

test.each([
  ['Subscribing to too many symbols', 'Finnhub: Subscribing to too many symbols: lower symbols, or the plan wants to be a larger one'],
  ['Invalid API key', 'Finnhub: Invalid API key'],
  ['API limit reached', 'rate-limited: API limit reached'],
  ['something else', 'unconfirmed: something else'],
])('error %s', (msg, end) => {
  expect(decodeAll([JSON.stringify({ type: 'error', msg })]).ends).toEqual([end]);
});
