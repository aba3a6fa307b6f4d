/** What the source does when Finnhub refuses, and where its token may not be seen. */
import { afterEach, expect, test } from '@jest/globals';

import { fixedInstruments } from '#collectors';

import { Run, type RunOptions } from '../kit/run.ts';
import { finnhubStandIn } from './stand-in.ts';

let run: Run | null = null;
afterEach(async () => {
  await run?.end();
  run = null;
});

const begin = async (options: RunOptions): Promise<Run> => (run = await new Run(options).start());

test('a wrong token ends the source; neither log nor status shows it', async () => {
  const on = await begin({ vendor: finnhubStandIn(), settings: { token: { env: 'WRONG_TOKEN' } } });
  await on.until(() => on.collector.status().state === 'FAILED', 'the source has failed');
  expect(on.collector.status().error).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('401') });
  expect(on.secrets).toContain('secret-of-WRONG_TOKEN');
  const { error } = on.collector.status();
  for (const text of [...on.printed, JSON.stringify(on.collector.status()), error!.message, error!.stack]) expect(text).not.toContain('secret-of-WRONG_TOKEN');
});

test('while the vendor cannot be reached, no message holds the address with the token', async () => {
  const on = await begin({ vendor: finnhubStandIn() });
  await on.connected();
  for (const fault of ['dns', 'refuse', 'tls'] as const) {
    on.standIn.inflict({ fault, forMs: 3000 });
    await on.until(() => on.events.some((event) => event.type === 'disconnected' && event.cause === 'unreachable'), 'it is unreachable');
    await on.connected();
  }
  const printed = on.printed.join('\n');
  for (const secret of on.secrets) expect(printed).not.toContain(secret);
  expect(printed).not.toContain('token=');
});

test('too many symbols for the plan end the source, and the message names the setting', async () => {
  const on = await begin({ vendor: finnhubStandIn({ symbolLimit: 2 }) });
  await on.until(() => on.collector.status().state === 'FAILED', 'the source has failed');
  expect(on.collector.status().error?.message).toMatch(/Subscribing to too many symbols: lower symbols/);
});

test('symbols beyond the plan are not asked for, and a note says so', async () => {
  const on = await begin({ vendor: finnhubStandIn({ symbolLimit: 2 }), settings: { symbols: 2 }, instruments: fixedInstruments(['AAPL', 'BINANCE:BTCUSDT', 'OANDA:EUR_USD']) });
  await on.connected();
  expect(on.events).toContainEqual({ type: 'note', message: expect.stringMatching(/^1 instruments are not collected/) });
});
