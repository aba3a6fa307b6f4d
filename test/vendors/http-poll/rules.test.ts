/** What `http-poll` asks, and what it makes of the answers: against servers of a few lines. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';

import { MovingInstruments, fixedInstruments, type InstrumentSet } from '#collectors';

import { Run } from '../kit/run.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';
import { numberedList, tokenList } from './lists.ts';

let run: Run | null = null;
let server: Server | null = null;
afterEach(async () => {
  await run?.end();
  run = null;
  server?.close();
  server = null;
});

/** A source led to a server that answers like this; the stand-in beside it is not asked. */
async function against(answer: (request: IncomingMessage, response: ServerResponse) => void, settings: Readonly<Record<string, unknown>> & { readonly url?: string }, instruments?: readonly string[] | InstrumentSet): Promise<Run> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server!.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const vendor = (standIn: StandIn): Vendor => ({ ...numberedList(standIn), settings: ({ http }) => ({ ...numberedList(standIn).settings({ http, ws: '' }), paging: undefined, page_size: undefined, ...settings, url: `http://127.0.0.1:${port}${settings.url ?? '/'}` }) });
  run = new Run({ vendor, ...(instruments && { instruments: 'current' in instruments ? instruments : fixedInstruments(instruments) }) });
  // The lookup of the run knows the stand-in alone: an address needs none.
  return run.start();
}

const frames = (on: Run): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const event of on.events) if (event.type === 'traffic') for (const [kind, count] of event.frames) sums[kind] = (sums[kind] ?? 0) + count;
  return sums;
};

test('an answer that has not changed is not sent again', async () => {
  run = await new Run({ vendor: numberedList }).start();
  await run.connected();
  const vendor = run.standIn.vendor as ReturnType<typeof numberedList>;
  await run.until(() => vendor.notModified() > 4, 'some answers are 304');
  await run.until(() => (frames(run!)['not-modified'] ?? 0) > 4, 'they are counted');
});

test('quotes are samples: an equal one is dropped, and nothing is said of what lies between', async () => {
  let times = 0;
  const on = await against(
    (_, response) => { response.end(JSON.stringify({ AAA: { bid: String(10 + Math.floor(times++ / 3)), ask: '99' } })); },
    { url: '/book?of={instruments}', records: [{ kind: 'quote', when: { '/AAA': '*' }, bid: '/AAA/bid', ask: '/AAA/ask' }], interval: '500ms' },
    ['AAA'],
  );
  // One instrument, so that the answer need not name it.
  await on.until(() => times > 12, 'it is asked');
  await on.until(async () => (await on.published()).rows.length > 3, 'they are published');
  const { rows, deadLetters } = await on.published();
  expect(rows.map((row) => row.replace(/ @.*/, '')).slice(0, 4)).toEqual([10, 11, 12, 13].map((bid) => `quote list:AAA ${bid} 0 99 0`));
  expect(deadLetters).toEqual([]);
});

test('the next page is never fetched from another host', async () => {
  let asked = 1;
  const on = await against(
    (request, response) => {
      const trades = request.url!.includes('again') ? [] : [{ s: 'AAA', i: asked++, p: '1', t: Date.now() }];
      response.end(JSON.stringify({ trades, next: 'http://elsewhere.test/again' }));
    },
    { paging: { by: 'link', at: '/next' }, records: [{ kind: 'trade', each: '/trades', instrument: { at: '/s' }, price: '/p', time: { at: '/t', unit: 'ms' }, sequence: { at: '/i', numbers: 'rising' } }], interval: '500ms' },
  );
  await on.until(() => on.events.some((event) => event.type === 'disconnected' && event.message.includes('another host')), 'it is refused');
});
test('what is asked for with `since` is above the highest number that came', async () => {
  const urls: string[] = [];
  const on = await against(
    (request, response) => {
      urls.push(request.url!);
      const since = Number(new URL(request.url!, 'http://x').searchParams.get('after') ?? 0);
      response.end(JSON.stringify([{ i: since + 1, p: '1' }]));
    },
    { url: '/{instrument}', since: 'after', records: [{ kind: 'trade', price: '/p', sequence: { at: '/i', numbers: 'by-one' } }], interval: '500ms', requests_per_minute: 10_000 },
  );
  await on.until(() => urls.filter((url) => url.startsWith('/AAA')).length > 4, 'it is asked');
  expect(urls.filter((url) => url.startsWith('/AAA')).slice(0, 4)).toEqual(['/AAA', '/AAA?after=1', '/AAA?after=2', '/AAA?after=3']);
  await on.until(async () => (await on.published()).rows.filter((row) => row.includes('list:AAA')).length > 2, 'what is new is published');
  expect((await on.published()).gaps).toEqual([]);
});

test('what lies behind the last page is told since the outage began, also when a restart fell into it', async () => {
  run = await new Run({ vendor: tokenList, settings: { paging: { by: 'token', at: '/next', parameter: 'page', most: 1 } } }).start();
  const on = run;
  const play = (forMs: number): Promise<void> => on.standIn.play({ name: 'busy', forMs, rate: 60, steps: [] });
  await on.connected();
  await play(2000);
  const begun = on.standIn.clock.now() * 1000;
  // Ended by hand.
  on.standIn.inflict({ fault: 'refuse', forMs: 600_000 });
  await play(8000);
  await on.collector.stop();
  await on.startCollector();
  await play(4000);
  on.standIn.inflict({ fault: 'refuse', forMs: 0 });
  await on.until(async () => (await on.published()).gaps.some(({ cause }) => cause === 'window'), 'more than a page is missing, and told');
  const { gaps } = await on.published();
  expect(gaps.find(({ cause }) => cause === 'window')!.fromUs).toBeLessThanOrEqual(begun);
});

test('an address that was never good ends the source, a key that is wrong too', async () => {
  run = await new Run({ vendor: tokenList, settings: { keys: { key: { env: 'WRONG' }, token: { env: 'LIST_TOKEN' } } } }).start();
  await run.until(() => run!.collector.status().state === 'FAILED', 'the source has failed');
  const { error } = run.collector.status();
  expect(error).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('answered 401') });
  expect(error!.message).not.toContain('secret-of-WRONG');
});

const QUOTES = { interval: '1s', requests_per_minute: 1000, records: [{ kind: 'quote', bid: '/bid', ask: '/ask' }] };
const wait = (on: Run, ms: number): Promise<void> => on.standIn.clock.sleep(ms, new AbortController().signal);

test('instruments that wait behind a request that fails have an outage, too', async () => {
  const asked = new Map<string, number>();
  let isBroken = false;
  let serial = 0;
  const on = await against((request, response) => {
    const path = request.url!;
    asked.set(path, (asked.get(path) ?? 0) + 1);
    if (isBroken && path === '/BBB') response.writeHead(500).end();
    else response.end(JSON.stringify({ bid: 10 + (serial++ % 1000), ask: 9999 }));
  }, { ...QUOTES, url: '/{instrument}' }, ['AAA', 'BBB', 'CCC']);
  await on.connected();
  await wait(on, 5000);
  isBroken = true;
  await wait(on, 60_000);
  const before = asked.get('/AAA')!;
  isBroken = false;
  await on.until(() => asked.get('/AAA')! > before + 3, 'all are asked for again');
  await on.until(async () => new Set((await on.published()).gaps.flatMap(({ instruments }) => instruments)).size === 3, 'the outage of all is reported');
});

test('an instrument that joins the request of others, was away for long and comes back makes up no outage of theirs', async () => {
  const instruments = new MovingInstruments(['AAA']);
  let fails = 0;
  let serial = 0;
  const on = await against((request, response) => {
    if (fails > 0) {
      fails--;
      response.writeHead(500).end();
      return;
    }
    const of = new URL(request.url!, 'http://x').searchParams.get('of')!.split(',');
    response.end(JSON.stringify(of.map((symbol) => ({ s: symbol, bid: 10 + (serial++ % 1000), ask: 9999 }))));
  }, { ...QUOTES, url: '/x?of={instruments}', records: [{ ...QUOTES.records[0], instrument: { at: '/s' } }] }, instruments);
  await on.connected();
  instruments.set(['AAA', 'BBB']);
  await wait(on, 5000);
  instruments.set(['AAA']);
  await wait(on, 600_000);
  const backUs = on.standIn.clock.now() * 1000;
  fails = 1;
  instruments.set(['AAA', 'BBB']);
  await on.until(async () => (await on.published()).gaps.length > 0, 'the outage is reported');
  for (const { fromUs } of (await on.published()).gaps) expect(backUs - fromUs).toBeLessThan(60e6);
});
