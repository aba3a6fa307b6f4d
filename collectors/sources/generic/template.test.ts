import { expect, test } from '@jest/globals';

import { Secret } from '../../secrets.ts';
import { checkKeys, createKeys, render, renderOne, renderUrl } from './template.ts';

const keys = createKeys({ secret: () => Promise.resolve(new Secret('s&"1')) }, { token: { env: 'TOKEN' } });
await keys.load();

test.each([
  ['one message an instrument', { op: 'sub', at: 'x_{instrument}' }, ['{"op":"sub","at":"x_a"}', '{"op":"sub","at":"x_b"}']],
  ['one element an instrument', { params: ['{each}@trade', 'fixed'], id: 1 }, ['{"params":["a@trade","b@trade","fixed"],"id":1}']],
  ['several elements an instrument', ['t.{each}', 'q.{each}'], ['["t.a","t.b","q.a","q.b"]']],
  ['objects in a list', { list: [{ c: 'x', s: '{each}' }] }, ['{"list":[{"c":"x","s":"a"},{"c":"x","s":"b"}]}']],
  ['the innermost list', { list: [{ name: 'l2', symbols: ['{each}'] }] }, ['{"list":[{"name":"l2","symbols":["a","b"]}]}']],
  ['a text', 'SUB {instrument}', ['SUB a', 'SUB b']],
  ['the same for all', { op: 'all' }, ['{"op":"all"}']],
])('%s', (_, template, messages) => {
  expect(render(template, ['a', 'b'], keys)).toEqual(messages);
  expect(render(template, [], keys)).toEqual([]);
});

test('keys are written as JSON wants it, and as an address wants it', () => {
  expect(JSON.parse(renderOne({ key: '{key.token}' }, keys))).toEqual({ key: 's&"1' });
  expect(renderUrl('wss://x/{instruments}?t={key.token}', ['A/B', 'C'], keys)).toBe('wss://x/A%2FB,C?t=s%26%221');
});

test('an answer takes values of the frame with their types', () => {
  expect(renderOne({ pong: '{/ping}', as: 'no {/ping}' }, keys, { ping: 17 })).toBe('{"pong":17,"as":"no 17"}');
});

test('a key that is not there is refused before anything is sent', () => {
  expect(() => { checkKeys({}, { a: ['{key.token}'] }); }).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: '{key.token} is used, but keys has no token' }));
});
