/** What is Binance's own: connections that end by themselves, the cap on messages, what it says of a ban. */
import { afterEach, expect, jest, test } from '@jest/globals';

import { MovingInstruments } from '#collectors';
import { accounted } from '../kit/accounts.ts';
import { Run, type RunOptions } from '../kit/run.ts';
import { binance } from './stand-in.ts';

jest.setTimeout(300_000);
let run: Run | null = null;
afterEach(async () => {
  await run?.end();
});

async function started(options: RunOptions): Promise<Run> {
  run = await new Run(options).start();
  await run.connected();
  return run;
}

const causes = (on: Run): string[] => on.events.flatMap((event) => (event.type === 'disconnected' ? [event.cause] : []));

test('a connection is replaced before the vendor ends it: nothing is cut, and no trade is missed', async () => {
  const on = await started({ vendor: binance({ trades: 'aggTrade', lifeMs: 60_000 }), settings: { max_connection_age: '40s' } });
  await on.standIn.play({ name: 'a long day', forMs: 150_000, rate: 10, steps: [] });
  await accounted(on);
  expect(causes(on)).toEqual([]);
  expect(on.standIn.closeCodes.length).toBeGreaterThan(2);
  expect(on.standIn.closeCodes.every((code) => code === 1000)).toBe(true);
  expect((await on.published()).gaps.filter(({ stream, missed, recovered }) => stream === 'trade' && missed > recovered)).toEqual([]);
});

test('the end after 24 hours that comes all the same is one like others', async () => {
  const on = await started({ vendor: binance({ trades: 'aggTrade', lifeMs: 30_000 }) });
  await on.standIn.play({ name: 'a day', forMs: 70_000, rate: 10, steps: [] });
  await accounted(on);
  expect(causes(on)).toEqual(['dropped', 'dropped']);
});

test('serverShutdown: another connection stands before this one ends', async () => {
  const on = await started({ vendor: binance({ trades: 'aggTrade', shutdownMs: 20_000 }) });
  await on.standIn.play({ name: 'restarts', forMs: 100_000, rate: 10, steps: [] });
  await accounted(on);
  expect(causes(on)).toEqual([]);
  expect(on.standIn.closeCodes.length).toBeGreaterThan(2);
  expect(on.standIn.closeCodes.every((code) => code === 1000)).toBe(true);
});

test('pings are answered with their payload, for longer than the vendor waits', async () => {
  const on = await started({ vendor: binance({ trades: 'aggTrade' }), settings: { quotes: false }, factor: 60 });
  await on.standIn.clock.sleep(200_000, new AbortController().signal);
  expect(causes(on)).toEqual([]);
  expect(on.standIn.connections.size).toBe(1);
});

test('instruments that come and go need no other connection and stay below five messages a second', async () => {
  const instruments = new MovingInstruments(['BTC-USDT']);
  const on = await started({ vendor: binance({ trades: 'aggTrade' }), instruments });
  for (let i = 0; i < 20; i++) {
    instruments.set(i % 2 === 0 ? ['BTC-USDT', 'ETH-USDT'] : ['SOL-BTC', 'BTC-USDT']);
    await on.standIn.clock.sleep(100, new AbortController().signal);
  }
  await on.standIn.clock.sleep(20_000, new AbortController().signal);
  await on.standIn.play({ name: 'calm', forMs: 5000, rate: 20, steps: [] });
  await on.until(async () => (await on.published()).rows.some((row) => row.includes('binance:SOL-BTC')), 'the last set is collected');
  expect(causes(on)).toEqual([]);
});

test('the last trades before a silence are noticed after an outage, without a trade that tells', async () => {
  const on = await started({ vendor: binance({ trades: 'aggTrade' }), settings: { quotes: false } });
  await on.standIn.play({ name: 'before', forMs: 3000, rate: 20, steps: [] });
  await on.collector.stop();
  await on.standIn.play({ name: 'away', forMs: 3000, rate: 20, steps: [] });
  await on.startCollector();
  await accounted(on);
  const { gaps, rows } = await on.published();
  expect(rows.length).toBeGreaterThan(40);
  expect(gaps.filter(({ missed, recovered }) => missed > recovered)).toEqual([]);
});

test('many pages of an outage are fetched, and no request meets the ban', async () => {
  const on = await started({ vendor: binance({ trades: 'trade' }), settings: { quotes: false } });
  await on.standIn.play({ name: 'before', forMs: 3000, rate: 20, steps: [] });
  await on.collector.stop();
  on.standIn.inflict({ fault: 'flood', items: 12_000 });
  await on.standIn.clock.sleep(20_000, new AbortController().signal);
  await on.startCollector();
  await accounted(on);
  expect((await on.published()).rows.length).toBeGreaterThan(5000);
  expect(on.printed.join('\n')).not.toMatch(/answered 4/);
});
