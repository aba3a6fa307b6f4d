/** What the source does when Alpaca refuses, by code; and what an outage took, fetched. */
import { afterEach, expect, test } from '@jest/globals';

import { fixedInstruments } from '#collectors';

import { Run, type RunOptions } from '../kit/run.ts';
import { oneFault } from '../kit/scenario.ts';
import { alpacaStandIn } from './stand-in.ts';

let run: Run | null = null;
afterEach(async () => {
  await run?.end();
  run = null;
});

const begin = async (options: RunOptions): Promise<Run> => (run = await new Run(options).start());
const told = (on: Run, text: string): boolean => on.events.some((event) => event.type === 'disconnected' && event.message.includes(text));

test('while another connection has the key it waits, and takes over when that one is gone', async () => {
  let taken = true;
  const on = await begin({ vendor: alpacaStandIn({ encoding: 'msgpack', taken: () => taken }) });
  await on.until(() => on.events.filter((event) => event.type === 'disconnected' && event.cause === 'rate-limited').length >= 2, 'it is refused twice');
  expect(told(on, '406 connection limit exceeded')).toBe(true);
  expect(on.collector.status().state).toBe('RUNNING');
  taken = false;
  await on.connected();
});

test.each([
  ['a wrong secret', { settings: { secret: { env: 'ANOTHER' } } }, '402 auth failed'],
  ['more symbols than the plan has', { symbolLimit: 2 }, '405 symbol limit exceeded'],
] as const)('%s ends the source, and says why', async (_, { settings, symbolLimit }: { settings?: Record<string, unknown>; symbolLimit?: number }, why) => {
  const on = await begin({ vendor: alpacaStandIn({ encoding: 'json', ...(symbolLimit !== undefined && { symbolLimit }) }), ...(settings && { settings }) });
  await on.until(() => on.collector.status().state === 'FAILED', 'the source has failed');
  expect(on.collector.status().error).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining(why) });
});

test('symbols beyond the plan are not asked for, and a note says so', async () => {
  const on = await begin({ vendor: alpacaStandIn({ encoding: 'json', symbolLimit: 2 }), settings: { symbols: 2 }, instruments: fixedInstruments(['AAPL', 'AMD', 'BRK.B']) });
  await on.connected();
  expect(on.events).toContainEqual({ type: 'note', message: expect.stringMatching(/^1 instruments are not collected/) });
});

test('trades that an outage took are fetched, each once, and counted; quotes are bounded in time', async () => {
  const on = await begin({ vendor: alpacaStandIn({ encoding: 'msgpack' }) });
  await on.connected();
  await on.standIn.play(oneFault('refuse', { fault: 'refuse', forMs: 5000 }, { forMs: 20_000, rate: 20 }));
  const due = (): string[] => on.standIn.ledger.entries.filter(({ due: isDue, item }) => isDue && item.stream === 'trade').map(({ key }) => key);
  await on.until(async () => {
    const { rows, gaps } = await on.published();
    return gaps.some(({ stream, recovered }) => stream === 'trade' && recovered > 0) && due().every((key) => rows.includes(key));
  }, 'every trade is published');
  const { rows, gaps } = await on.published();
  expect(new Set(rows).size).toBe(rows.length);
  expect(gaps.filter(({ stream }) => stream === 'trade').every(({ missed, recovered }) => recovered === missed)).toBe(true);
  expect(gaps.filter(({ stream }) => stream === 'quote').length).toBeGreaterThan(0);
});

test('when the history will not say, the outage is reported instead', async () => {
  const on = await begin({ vendor: alpacaStandIn({ encoding: 'json' }), settings: { feed: 'iex', rest_url: 'https://nowhere.test' } });
  await on.connected();
  await on.standIn.play(oneFault('cut', { fault: 'cut' }, { forMs: 10_000, rate: 20 }));
  await on.until(async () => (await on.published()).gaps.some(({ stream, missed }) => stream === 'trade' && missed === 0), 'it is reported as a time');
});
