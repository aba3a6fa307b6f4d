/** What is Kraken's own: its answers, its pages, its budget of connections. */
import { afterEach, expect, jest, test } from '@jest/globals';

import { fixedInstruments } from '#collectors';

import { accounted } from '../kit/accounts.ts';
import { Run } from '../kit/run.ts';
import { kraken } from './stand-in.ts';

jest.setTimeout(300_000);
let run: Run | null = null;
afterEach(async () => {
  await run?.end();
});

test('a symbol that Kraken does not know ends the source, and the error says which', async () => {
  run = await new Run({ vendor: kraken, instruments: fixedInstruments(['BTC-USD', 'XYZ-USD']) }).start();
  const on = run;
  await on.until(() => on.collector.status().state === 'FAILED', 'the source has failed');
  expect(on.printed.join('\n')).toContain('Currency pair not supported XYZ/USD');
});

test('thousands of trades of an outage are fetched, a page a second, by the names that REST knows', async () => {
  run = await new Run({ vendor: kraken, settings: { quotes: false } }).start();
  const on = run;
  await on.connected();
  await on.standIn.play({ name: 'before', forMs: 3000, rate: 20, steps: [] });
  await on.collector.stop();
  on.standIn.inflict({ fault: 'flood', items: 12_000 });
  await on.standIn.clock.sleep(20_000, new AbortController().signal);
  await on.startCollector();
  await on.connected();
  await accounted(on);
  const { rows, gaps } = await on.published();
  expect(rows.length).toBeGreaterThan(5000);
  expect(gaps.filter(({ missed, recovered }) => missed > recovered)).toEqual([]);
  expect(on.printed.join('\n')).not.toContain('Too many requests');
  expect(new Set(gaps.flatMap(({ instruments }) => instruments))).toEqual(new Set(['kraken:BTC-USD', 'kraken:ETH-USD', 'kraken:DOGE-EUR']));
});

test('a connection that is cut over and over stays within the budget', async () => {
  run = await new Run({ vendor: kraken }).start();
  const on = run;
  await on.connected();
  for (let i = 0; i < 12; i++) {
    on.standIn.inflict({ fault: 'cut' });
    await on.standIn.play({ name: 'calm', forMs: 1500, rate: 10, steps: [] });
  }
  const waits = on.events.flatMap((event) => (event.type === 'disconnected' && event.cause === 'dropped' ? [event.delayMs] : []));
  expect(waits[0]).toBe(0);
  for (const wait of waits.slice(1)) expect(wait).toBeGreaterThanOrEqual(5000);
  expect(on.events.some((event) => event.type === 'disconnected' && event.cause === 'rate-limited')).toBe(false);
});
