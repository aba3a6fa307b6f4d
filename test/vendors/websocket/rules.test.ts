/** Feeds by configuration with a message for each instrument. */
import { afterEach, expect, jest, test } from '@jest/globals';

import type { VendorConnection } from '../kit/connection.ts';
import { Run } from '../kit/run.ts';
import type { Vendor } from '../kit/stand-in.ts';

jest.setTimeout(300_000);
let run: Run | null = null;
afterEach(async () => {
  await run?.end();
  run = null;
});

const wait = (on: Run, ms: number): Promise<void> => on.standIn.clock.sleep(ms, new AbortController().signal);

/** Trades without numbers; confirms each message, or none. */
const plain = (instruments: number, confirms: boolean) => (): Vendor => {
  const clients = new Map<VendorConnection, Set<string>>();
  return {
    kind: 'websocket',
    symbols: Array.from({ length: instruments }, (_, i) => `S${i}`),
    streams: ['trade'],
    numbered: [],
    timed: {},
    instrument: (symbol) => `plain:${symbol}`,
    settings: ({ ws }) => ({
      venue: 'plain',
      url: ws,
      subscribe: [{ op: 'subscribe', symbol: '{instrument}' }],
      ...(confirms && { confirmed: { when: { '/op': 'ok' } } }),
      heartbeat: { every: '2s', send: { op: 'beat' } },
      records: [{ kind: 'trade', when: { '/s': '*' }, instrument: { at: '/s' }, price: '/p', time: { at: '/t', unit: 'us' } }],
      allow_plain_text: true,
    }),
    connected: (connection) => void clients.set(connection, new Set()),
    received(connection, text) {
      const { op, symbol } = JSON.parse(text) as { op: string; symbol: string };
      if (op !== 'subscribe') return;
      clients.get(connection)!.add(symbol);
      if (confirms) connection.control('{"op":"ok"}');
    },
    ended: (connection) => void clients.delete(connection),
    happened(item) {
      if (item.stream !== 'trade') return false;
      const told = [...clients].filter(([, symbols]) => symbols.has(item.symbol));
      for (const [connection] of told) connection.send(JSON.stringify({ s: item.symbol, p: item.price, t: item.atUs }), [item]);
      return told.length > 0;
    },
  };
};

test.each([true, false])('eighty instruments, a message each, five a second: the connection is given the time (confirmed: %s)', async (confirms) => {
  const on = (run = await new Run({ vendor: plain(80, confirms) }).start());
  await on.standIn.play({ name: 'calm', forMs: 60_000, rate: 2, steps: [] });
  expect(on.events.filter(({ type }) => type === 'disconnected')).toEqual([]);
  expect(on.collector.status().health?.state).toBe('live');
});

test('connections that were replaced leave nothing that runs', async () => {
  const on = (run = new Run({ vendor: plain(2, true), settings: { max_age: '20s' } }));
  let beats = 0;
  const clock = on.standIn.clock as { sleep: (ms: number, signal: AbortSignal) => Promise<void> };
  const sleep = clock.sleep.bind(clock);
  clock.sleep = async (ms, signal) => {
    if (ms !== 2000) return sleep(ms, signal);
    beats++;
    await sleep(ms, signal);
    beats--;
  };
  await on.start();
  await on.connected();
  await wait(on, 200_000);
  expect(on.standIn.closeCodes.length).toBeGreaterThan(5);
  // One more while it is replaced.
  expect(beats).toBeLessThanOrEqual(2);
});
