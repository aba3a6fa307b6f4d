import { expect, test } from '@jest/globals';

import { messageOf, pageOf } from './decode.ts';
import { streamsOf, symbolOf } from './symbols.ts';

const message = { id: 401, body: 'I&#39;m long $AAPL &amp; $MSFT', created_at: '2024-01-15T10:35:00Z', user: { id: 7, username: 'somebody' }, symbols: [{ symbol: 'AAPL' }], entities: { sentiment: { basic: 'Bullish' } } };

test('a message, with the tag of its author or without', () => {
  const post = { id: '401', author: '7', language: '', eventTime: 1_705_314_900_000_000 };
  expect(messageOf(message, true)).toEqual({ id: 401, post: { ...post, text: 'I\'m long $AAPL & $MSFT\nBullish' } });
  expect(messageOf(message, false)).toEqual({ id: 401, post: { ...post, text: 'I\'m long $AAPL & $MSFT' } });
});

test.each([[null], [{}], [{ sentiment: null }], [{ sentiment: { basic: null } }], [{ sentiment: { basic: 'Sideways' } }]])('no tag: %j', (entities) => {
  expect(messageOf({ ...message, entities }, true).post?.text).toBe('I\'m long $AAPL & $MSFT');
});

test.each([
  ['raw < and >', 'up <3 or > 4', 'up <3 or > 4'],
  ['written < and >', '&lt;b&gt;', '<b>'],
  ['written twice', '&amp;lt;', '&lt;'],
])('characters: %s', (_, body, read) => {
  expect(messageOf({ ...message, body }, false).post?.text).toBe(read);
});

test('a reshare is of somebody else', () => {
  expect(messageOf({ ...message, reshare_message: { message: { id: 3 } } }, true)).toEqual({ id: 401, post: null });
  expect(messageOf({ ...message, reshare_message: null }, true).post).not.toBeNull();
});

test('one message that cannot be read does not spoil the others of its page', () => {
  const body = JSON.stringify({ messages: [message, { ...message, id: 'x' }, { ...message, id: 400, created_at: 'yesterday' }, { ...message, id: 399, user: {} }] });
  const page = pageOf(body, 1, false);
  expect(page.messages.map(({ id }) => id)).toEqual([401]);
  expect(page.broken).toEqual(['id is not a whole number', 'created_at is not a time', 'user.id is not a whole number']);
  // Those that cannot be read are not asked for again.
  expect(page.ids).toEqual({ lowest: 399, highest: 401 });
});

test.each([['not JSON', '{"messages":['], ['body is not an object', '[]'], ['messages is not an array', '{"errors":[]}']])('no page: %s', (why, body) => {
  expect(() => pageOf(body, 1, false)).toThrow(why);
});

test.each([['nasdaq:AAPL', 'AAPL'], ['nyse:BRK-B', 'BRK.B'], ['coinbase:BTC-USD', 'BTC.X'], ['binance:ETH-USDT', 'ETH.X'], ['kraken:SOL/EUR', 'SOL.X'], ['yahoo:aapl', 'AAPL']])('%s is %s', (instrument, symbol) => {
  expect(symbolOf(instrument)).toBe(symbol);
});

test('instruments of one symbol share its stream; symbols can be given', () => {
  expect(streamsOf(['nasdaq:AAPL', 'xetra:APC', 'coinbase:BTC-USD', 'kraken:BTC-EUR'], { 'xetra:APC': 'AAPL' })).toEqual([
    { symbol: 'AAPL', instruments: ['nasdaq:AAPL', 'xetra:APC'] },
    { symbol: 'BTC.X', instruments: ['coinbase:BTC-USD', 'kraken:BTC-EUR'] },
  ]);
});
