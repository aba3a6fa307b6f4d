/** Requests leave nothing behind. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, test } from '@jest/globals';

import { systemClock } from '../clock.ts';
import { testLive } from '../testing/live.ts';
import { fetchText } from './http.ts';

/** What a signal refers to: Node keeps signals that were made of it under symbols of its own. */
function held(signal: AbortSignal): number {
  const values = Object.getOwnPropertySymbols(signal).map((key) => (signal as unknown as Record<symbol, unknown>)[key]);
  return values.reduce<number>((sum, value) => sum + (typeof value === 'object' && value !== null && 'size' in value && typeof value.size === 'number' ? value.size : 0), 0);
}

test('on the signal of a source, which lives for days', async () => {
  const server = createServer((_, response) => { response.end('{}'); });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stopping = new AbortController();
  const { live } = testLive({ name: 'test', clock: systemClock, signal: stopping.signal });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const ask = async (times: number): Promise<number> => {
    for (let i = 0; i < times; i++) await fetchText(live, { url, allowPlainText: true, signal: stopping.signal });
    return held(stopping.signal);
  };
  const few = await ask(5);
  expect(await ask(100)).toBeLessThanOrEqual(few + 20);
  stopping.abort();
  await live.environment.network.close();
  server.close();
});
