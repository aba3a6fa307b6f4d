/** Yahoo's silent rules, minutes after an outage, and quotes where there is no streamer. */
import { afterEach, expect, jest, test } from '@jest/globals';

import { fixedInstruments } from '#collectors';
import { TickKind, decodeTicks } from '#proto';

import { accounted } from '../kit/accounts.ts';
import { Run, type RunOptions } from '../kit/run.ts';
import { yahooStandIn, type YahooStandIn } from './stand-in.ts';

jest.setTimeout(300_000);
let run: Run | null = null;
afterEach(async () => {
  await run?.end();
  run = null;
});

const begin = async (options: RunOptions): Promise<Run> => (run = await new Run(options).start());
const vendorOf = (on: Run): YahooStandIn => on.standIn.vendor as YahooStandIn;
const calm = { name: 'calm', rate: 10, steps: [] };

test('as many connections as the cap of symbols asks for: nothing is left out without a word', async () => {
  const on = await begin({ vendor: yahooStandIn({ cap: 2 }), settings: { symbols_per_connection: 2 } });
  await on.connected();
  await on.until(() => on.standIn.connections.size === 2, 'there are two connections');
  await on.standIn.play({ ...calm, forMs: 5000 });
  expect([...vendorOf(on).subscribed.values()].map((symbols) => [...symbols])).toEqual([['AAPL', 'BTC-USD'], ['^GSPC']]);
  await accounted(on);
});

test('symbols beyond the connections that are allowed are not collected, and a note says so', async () => {
  const on = await begin({ vendor: yahooStandIn({ cap: 1 }), settings: { symbols_per_connection: 1, connections: 2 } });
  await on.connected();
  expect(on.events).toContainEqual({ type: 'note', message: expect.stringMatching(/^1 instruments are not collected/) as unknown });
});

test('subscriptions are sent again each 15 seconds, and what is sent again for them is no news', async () => {
  const on = await begin({ vendor: yahooStandIn() });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 50_000 });
  const { messages } = vendorOf(on);
  expect(messages.length).toBeGreaterThanOrEqual(3);
  expect(new Set(messages)).toEqual(new Set(['{"subscribe":["AAPL","BTC-USD","^GSPC"]}']));
  await accounted(on);
  expect(on.skipped().get('repeat')).toBeGreaterThan(3);
});

test('while markets are closed a connection stands, and what it sends again stays old', async () => {
  const on = await begin({ vendor: yahooStandIn(), factor: 60 });
  await on.connected();
  await on.standIn.clock.sleep(200_000, new AbortController().signal);
  expect(on.collector.status().health).toMatchObject({ state: 'live', reconnects: 0 });
});

test('version 1 is read, too', async () => {
  const on = await new Run({ vendor: (standIn) => ({ ...yahooStandIn()(standIn), settings: (address) => ({ ...yahooStandIn()(standIn).settings(address), url: address.ws }) }) }).start();
  run = on;
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 5000 });
  await accounted(on);
});

async function bars(on: Run): Promise<{ instrument: string; at: number; close: number }[]> {
  const found: { instrument: string; at: number; close: number }[] = [];
  for (const record of await on.records('quotes')) {
    const ticks = decodeTicks(record);
    for (let i = 0; i < ticks.length; i++) if (ticks.kind[i] === TickKind.BAR) found.push({ instrument: ticks.instruments[ticks.instrument[i]!]!, at: ticks.eventTime[i]!, close: ticks.price[i]! });
  }
  return found;
}

/** A run that was stopped for four minutes. */
async function away(settings: Readonly<Record<string, unknown>> = {}): Promise<Run> {
  const on = await begin({ vendor: yahooStandIn(), settings });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 10_000 });
  await on.until(async () => (await on.published()).rows.length > 50, 'prices are published');
  await on.collector.stop();
  for (let i = 0; i < 48; i++) {
    on.pass(5000);
    for (let n = 0; n < 10; n++) on.standIn.happen();
  }
  await on.startCollector();
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 5000 });
  return on;
}

test('of an outage of minutes the full minutes come as bars, before newer prices; the outage is reported, as bars are no prices', async () => {
  const on = await away();
  await on.until(async () => (await bars(on)).length >= 9, 'bars are published');
  const all = await bars(on);
  expect(new Set(all.map(({ instrument }) => instrument))).toEqual(new Set(['yahoo:AAPL', 'yahoo:BTC-USD', 'yahoo:^GSPC']));
  expect(all.every(({ at }) => at % 60e6 === 0)).toBe(true);
  const { gaps } = await on.published();
  expect(gaps.map(({ stream, cause, recovered }) => ({ stream, cause, recovered }))).toContainEqual({ stream: 'trade', cause: 'disconnected', recovered: 0 });
  // Times of an instrument do not go back.
  for (const record of await on.records('quotes')) {
    const ticks = decodeTicks(record);
    const newest = new Map<string, number>();
    for (let i = 0; i < ticks.length; i++) {
      if (ticks.kind[i] === TickKind.WATERMARK) continue;
      const instrument = ticks.instruments[ticks.instrument[i]!]!;
      expect(ticks.eventTime[i]!).toBeGreaterThanOrEqual(newest.get(instrument) ?? 0);
      newest.set(instrument, ticks.eventTime[i]!);
    }
  }
});

test('without `backfill` there are no bars', async () => {
  const on = await away({ backfill: '0s' });
  await accounted(on);
  expect(await bars(on)).toEqual([]);
  expect(vendorOf(on).requests).toEqual([]);
});

const polled = { mode: 'poll', interval: '2s' };
const samples = async (on: Run): Promise<string[]> => (await on.published()).rows.filter((row) => row.startsWith('trade '));

test('polled: a cookie, a crumb, then samples, each once', async () => {
  const on = await begin({ vendor: yahooStandIn(), settings: polled });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 20_000 });
  await on.until(async () => (await samples(on)).length > 12, 'samples are published');
  expect(vendorOf(on).requests.slice(0, 3)).toEqual(['/cookie', '/v1/test/getcrumb', '/v7/finance/quote']);
  expect(vendorOf(on).crumbs).toHaveLength(1);
  const rows = await samples(on);
  expect(new Set(rows).size).toBe(rows.length);
  // Times of quotes are whole seconds; instrument and price tell which it was.
  const told = new Set(on.standIn.ledger.entries.map(({ key }) => key.replace(/ @.*/, '')));
  for (const row of rows) expect(told).toContain(row.replace(/ @.*/, ''));
  expect((await on.published()).deadLetters).toEqual([]);
});

test('polled: a crumb that is taken no more is replaced, and the time without answers is reported', async () => {
  const on = await begin({ vendor: yahooStandIn(), settings: polled });
  await on.connected();
  vendorOf(on).revoke();
  await on.until(() => vendorOf(on).crumbs.length === 2, 'another crumb is asked for');
  await on.until(async () => (await on.published()).gaps.length > 0, 'the gap is reported');
  expect(on.events).toContainEqual(expect.objectContaining({ type: 'disconnected', cause: 'http-error', message: expect.stringContaining('/v7/finance/quote answered 401') as unknown }));
  // Whoever has cookie and crumb is who they were given to.
  const printed = [...on.printed, JSON.stringify(on.collector.status())].join('\n');
  for (const secret of ['crumb/', 'A3=']) expect(printed).not.toContain(secret);
});

test('polled: 429 is waited for, for as long as Yahoo says', async () => {
  const on = await begin({ vendor: yahooStandIn({ perMinute: 6 }), settings: { ...polled, interval: '1s' } });
  await on.until(() => on.events.some((event) => event.type === 'disconnected' && event.cause === 'rate-limited'), 'it is refused');
  const refused = on.events.find((event) => event.type === 'disconnected' && event.cause === 'rate-limited');
  expect(refused).toMatchObject({ delayMs: expect.any(Number) as unknown });
  expect((refused as { delayMs: number }).delayMs).toBeGreaterThanOrEqual(5000);
  const before = vendorOf(on).requests.length;
  await on.until(() => vendorOf(on).requests.length > before, 'it asks again');
});

test('polled: what is old is no news, and a symbol that Yahoo does not know is named once', async () => {
  const on = new Run({ vendor: yahooStandIn(), settings: polled, instruments: fixedInstruments(['AAPL', 'NOSUCH']) });
  run = on;
  await on.standIn.start();
  on.pass(120_000);
  await on.begin();
  await on.connected();
  await on.standIn.clock.sleep(10_000, new AbortController().signal);
  await on.until(() => on.skipped().get('stale') === 1, 'the old price is skipped');
  expect((await on.published()).rows).toEqual([]);
  expect(on.events.filter((event) => event.type === 'note')).toEqual([{ type: 'note', message: 'Yahoo does not know NOSUCH' }]);
});

test('polled: a cookie of a browser is used where one is given, and printed nowhere', async () => {
  const on = await begin({ vendor: yahooStandIn(), settings: { ...polled, cookie: { env: 'YAHOO_COOKIE' } } });
  await on.until(() => on.events.some((event) => event.type === 'disconnected'), 'it is not taken');
  expect(vendorOf(on).requests).not.toContain('/cookie');
  expect(on.printed.join('\n')).not.toContain('secret-of-YAHOO_COOKIE');
  expect(on.events).toContainEqual(expect.objectContaining({ type: 'disconnected', message: 'Yahoo gave no crumb (401)' }));
});
