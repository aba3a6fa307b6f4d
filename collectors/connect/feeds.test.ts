/** Instruments that come and go while connections do. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, test } from '@jest/globals';
import { WebSocketServer } from 'ws';

import { systemClock } from '../clock.ts';
import type { Live } from '../live/live.ts';
import { MovingInstruments } from '../live/instruments.ts';
import { testLive } from '../testing/live.ts';
import { runFeeds } from './feeds.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('instruments that are added after a replacement has failed are subscribed to on the connection that stands', async () => {
  const server = createServer();
  const wss = new WebSocketServer({ server });
  const got: string[] = [];
  let breaks = false;
  let refused = 0;
  wss.on('connection', (client) => {
    client.on('message', (data) => {
      if (breaks) {
        refused++;
        client.terminate();
        return;
      }
      got.push((data as Buffer).toString('utf8'));
      client.send('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stopping = new AbortController();
  const instruments = new MovingInstruments(['A']);
  const { live: made } = testLive({ name: 'test', clock: systemClock, signal: stopping.signal });
  const live: Live = { ...made, instruments };
  let replace = (): void => undefined;
  const once = { first: 60_000, cap: 60_000 };
  const done = runFeeds(live, {
    url: () => `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    allowPlainText: true,
    silentMs: 60_000,
    overlap: true,
    ladders: { dropped: once, unconfirmed: once },
    instrument: (symbol) => `v:${symbol}`,
    unnumbered: [],
    messages: { subscribe: (symbols) => [`+${symbols.join()}`], unsubscribe: (symbols) => [`-${symbols.join()}`] },
    session: (channel) => {
      replace = () => { channel.replace('it gets old'); };
      return { frame: () => { channel.confirmed(); return 'ok'; } };
    },
  });
  while (got.length < 1) await sleep(5);
  await sleep(50);
  breaks = true;
  replace();
  while (refused < 1) await sleep(5);
  await sleep(50);
  breaks = false;
  instruments.set(['A', 'B']);
  while (got.length < 2) await sleep(5);
  expect(got).toEqual(['+A', '+B']);
  stopping.abort();
  await done;
  for (const client of wss.clients) client.terminate();
  server.close();
});
