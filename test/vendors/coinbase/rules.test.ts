/** Coinbase's caps, what is not asked for, instruments that come and go, and answers that cannot be read. */
import { afterEach, expect, jest, test } from '@jest/globals';

import { MovingInstruments, fixedInstruments } from '#collectors';
import type { Producer } from '#queue';

import { accounted } from '../kit/accounts.ts';
import { Run, type RunOptions } from '../kit/run.ts';
import { coinbaseAdvanced } from './advanced.ts';
import { coinbaseExchange } from './exchange.ts';

jest.setTimeout(300_000);
let run: Run | null = null;
afterEach(async () => {
  await run?.end();
  run = null;
});

const begin = async (options: RunOptions): Promise<Run> => (run = await new Run(options).start());
const wait = (on: Run, ms: number): Promise<void> => on.standIn.clock.sleep(ms, new AbortController().signal);
const calm = { name: 'calm', steps: [] };
const slow = (inner: Producer): Producer => ({
  close: () => inner.close(),
  send: async (records) => {
    await new Promise((resolve) => setTimeout(resolve, 60));
    return inner.send(records);
  },
});

test('`trades: false`: no trade is published, though heartbeats name their ids', async () => {
  const on = await begin({ vendor: coinbaseExchange, settings: { trades: false } });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 20_000, rate: 20 });
  await on.until(async () => (await on.published()).rows.length > 50, 'quotes are published');
  expect((await on.published()).rows.filter((row) => row.startsWith('trade'))).toEqual([]);
});

test('the cap on messages is one for all connections', async () => {
  const on = await begin({ vendor: coinbaseAdvanced, settings: { instruments_per_connection: 1, messages_per_second: 4 }, instruments: fixedInstruments(Array.from({ length: 6 }, (_, i) => `C${i}-USD`)) });
  // Three messages each: more at once than Coinbase takes from an address.
  await wait(on, 20_000);
  expect(on.events.flatMap((event) => (event.type === 'disconnected' ? [event.cause] : []))).toEqual([]);
});

test('an instrument that is taken away and given back at once, before a slow queue: each trade once', async () => {
  const instruments = new MovingInstruments(['BTC-USD', 'ETH-USD']);
  const on = await begin({ vendor: coinbaseExchange, instruments, producer: slow });
  await on.connected();
  const playing = on.standIn.play({ ...calm, forMs: 30_000, rate: 60 });
  for (let i = 0; i < 10; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    instruments.set(['ETH-USD']);
    await new Promise((resolve) => setTimeout(resolve, 2));
    instruments.set(['BTC-USD', 'ETH-USD']);
  }
  await playing;
  await wait(on, 15_000);
  const trades = (await on.published()).rows.filter((row) => row.startsWith('trade'));
  expect(trades.length).toBeGreaterThan(300);
  expect(trades.length).toBe(new Set(trades).size);
});

test('an instrument that is added in an outage has none of before it was asked for', async () => {
  const instruments = new MovingInstruments(['BTC-USD']);
  const on = await begin({ vendor: coinbaseExchange, instruments });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 3000, rate: 30 });
  on.standIn.inflict({ fault: 'refuse', forMs: 600_000 });
  await wait(on, 60_000);
  const addedUs = on.standIn.clock.now() * 1000;
  instruments.set(['BTC-USD', 'ETH-USD']);
  await wait(on, 2000);
  on.standIn.inflict({ fault: 'refuse', forMs: 0 });
  await on.until(async () => (await on.published()).gaps.some(({ stream }) => stream === 'quote'), 'the gap is reported');
  const { gaps } = await on.published();
  expect(gaps.filter(({ instruments: of, fromUs }) => of.includes('coinbase:ETH-USD') && fromUs < addedUs - 1e6)).toEqual([]);
});

test('a frame that cannot be read ends nothing, however long it is', async () => {
  const on = await begin({ vendor: coinbaseExchange });
  await on.connected();
  for (const connection of on.standIn.connections) connection.control('x'.repeat(16 * 1024 * 1024 - 20));
  await on.standIn.play({ ...calm, forMs: 10_000, rate: 10 });
  await on.until(async () => (await on.published()).deadLetters.length === 1, 'there is a dead letter');
  expect(on.collector.status()).toMatchObject({ state: 'RUNNING', error: null });
});

test('an answer to a back-fill that cannot be read is asked for again', async () => {
  let spoiled = 0;
  const on = await begin({
    vendor: (standIn) => {
      const vendor = coinbaseExchange(standIn);
      return {
        ...vendor,
        requested: (request, response) => {
          if (spoiled++ === 0) response.end('<html>bad gateway</html>');
          else vendor.requested!(request, response);
        },
      };
    },
  });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 10_000, rate: 20, steps: [{ at: 3000, fault: 'gap', frames: 7 }] });
  await accounted(on);
  await on.until(async () => (await on.published()).gaps.some(({ recovered }) => recovered > 0), 'the trades are fetched');
  const { gaps } = await on.published();
  expect(gaps.filter(({ stream, missed, recovered }) => stream === 'trade' && missed > recovered)).toEqual([]);
});
