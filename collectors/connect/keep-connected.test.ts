/** Connections against a server of this process: replacement, refusals, deadlines, budgets, TLS. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { WebSocketServer, type WebSocket } from 'ws';

import { systemClock } from '../clock.ts';
import type { Live } from '../live/live.ts';
import { testLive, type TestLive } from '../testing/live.ts';
import type { Channel, ConnectionPlan, Session } from './connection.ts';
import { keepConnected } from './keep-connected.ts';
import { createLimiter } from './limits.ts';
import { createNetwork, type NetworkOptions } from './network.ts';

const pem = (name: string): string => readFileSync(fileURLToPath(new URL(`../testing/tls/${name}.pem`, import.meta.url)), 'utf8');

interface Served {
  readonly url: string;
  readonly clients: WebSocket[];
  readonly codes: number[];
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function serve(options: { readonly tls?: boolean; readonly refuse?: () => number | null } = {}): Promise<Served> {
  const server: Server = options.tls ? (createTls({ cert: pem('cert'), key: pem('key') })) : createServer();
  const wss = new WebSocketServer({ noServer: true });
  const served: Served = { url: '', clients: [], codes: [] };
  server.on('upgrade', (request, socket, head) => {
    const status = options.refuse?.() ?? null;
    if (status !== null) {
      socket.end(`HTTP/1.1 ${status} no\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    wss.handleUpgrade(request, socket, head, (client) => {
      served.clients.push(client);
      client.on('error', () => undefined);
      client.on('close', (code) => served.codes.push(code));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const client of wss.clients) client.terminate();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { ...served, url: `${options.tls ? 'wss' : 'ws'}://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

interface Kept {
  readonly made: TestLive;
  readonly channels: Channel[];
  readonly outages: [number, number][];
  readonly stop: () => void;
  readonly done: Promise<unknown>;
}

/** The error it ended with, or null, is what `done` resolves to. */
function keep(url: string, more: Partial<ConnectionPlan> = {}, network: NetworkOptions = {}): Kept {
  const stopping = new AbortController();
  const made = testLive({ name: 'test', clock: systemClock, signal: stopping.signal });
  const own = createNetwork(network);
  closers.push(() => own.close());
  const live: Live = { ...made.live, environment: { ...made.live.environment, network: own } };
  const channels: Channel[] = [];
  const outages: [number, number][] = [];
  const plan: ConnectionPlan = {
    name: 'test/1',
    url: () => url,
    allowPlainText: true,
    silentMs: 60_000,
    ladders: { unreachable: { first: 5, cap: 5 }, unconfirmed: { first: 5, cap: 5 }, 'http-error': { first: 5, cap: 5 }, dropped: { first: 5, cap: 5 } },
    open: (channel): Session => {
      channels.push(channel);
      channel.confirmed();
      return { frame: () => 'frame' };
    },
    recovered: (fromUs, toUs) => outages.push([fromUs, toUs]),
    ...more,
  };
  const done = keepConnected(live, plan, stopping.signal).then(
    () => null,
    (error: unknown) => error,
  );
  closers.push(() => {
    stopping.abort();
    return done;
  });
  return { made, channels, outages, stop: () => { stopping.abort(); }, done };
}

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const causes = ({ made }: Kept): string[] => made.events.flatMap((event) => (event.type === 'disconnected' ? [event.cause] : []));

describe('replacing a connection', () => {
  test('the old one is read until the new one is good, and then closed in order', async () => {
    const served = await serve();
    const kept = keep(served.url, { overlap: true });
    await until(() => served.clients.length === 1 && kept.channels.length === 1);
    kept.channels[0]!.replace('serverShutdown');
    await until(() => served.codes.length === 1);
    expect(served.clients).toHaveLength(2);
    expect(served.codes).toEqual([1000]);
    expect(served.clients[1]!.readyState).toBe(1);
    expect(causes(kept)).toEqual([]);
    // Nothing was missed in between: the outage has no length to speak of.
    expect(kept.outages).toHaveLength(2);
  });

  test('where the vendor allows one, the old one is closed first, and the time between is told', async () => {
    const served = await serve();
    const kept = keep(served.url);
    await until(() => served.clients.length === 1);
    served.clients[0]!.send('x');
    await until(() => kept.made.live.out.traffic() !== null);
    kept.channels[0]!.replace('planned');
    await until(() => kept.outages.length === 2);
    expect(served.codes).toEqual([1000]);
    expect(causes(kept)).toEqual(['planned']);
    const [from, to] = kept.outages[1]!;
    expect(from).toBeGreaterThan(0);
    expect(to).toBeGreaterThan(from);
  });

  test('one that gets old is replaced by itself', async () => {
    const served = await serve();
    keep(served.url, { overlap: true, maxAgeMs: 50 });
    await until(() => served.codes.length >= 2);
    expect(new Set(served.codes)).toEqual(new Set([1000]));
  });
});

describe('refusals', () => {
  test('a key that is refused ends the source', async () => {
    const served = await serve({ refuse: () => 401 });
    expect(await keep(served.url).done).toMatchObject({ code: 'SOURCE_REFUSED', retriable: false });
  });

  test('once a connection was good, the same answer is tried again', async () => {
    let refuse: number | null = null;
    const served = await serve({ refuse: () => refuse });
    const kept = keep(served.url);
    await until(() => served.clients.length === 1);
    refuse = 401;
    served.clients[0]!.terminate();
    await until(() => causes(kept).filter((cause) => cause === 'http-error').length >= 2);
    refuse = null;
    await until(() => served.clients.length === 2);
  });

  test('the vendor may refuse in its own words, or make us give the connection up', async () => {
    const served = await serve();
    const refused = keep(served.url, { open: (channel) => { channel.refuse('no such product'); return { frame: () => 'x' }; } });
    expect(await refused.done).toMatchObject({ code: 'SOURCE_REFUSED', message: 'no such product' });
    const given = keep(served.url, { open: (channel) => { channel.giveUp('unconfirmed', 'not now'); return { frame: () => 'x' }; } });
    await until(() => causes(given).length >= 2);
    expect(causes(given)[0]).toBe('unconfirmed');
  });

  test('a bug in the code of a source is a bug that is named, not one more try', async () => {
    const served = await serve();
    const kept = keep(served.url, { open: (channel) => { channel.confirmed(); return { frame: () => { throw new TypeError('bug'); } }; } });
    await until(() => served.clients.length === 1);
    served.clients[0]!.send('x');
    expect(await kept.done).toMatchObject({ code: 'INTERNAL', message: 'bug' });
  });

  test('plain text is refused unless allowed', async () => {
    const served = await serve();
    expect(await keep(served.url, { allowPlainText: false }).done).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(served.clients).toHaveLength(0);
  });
});

test('a connection on which nothing came is an outage, too, when it breaks', async () => {
  const server = await serve();
  const lost: number[] = [];
  const kept = keep(server.url, { lost: (fromUs) => lost.push(fromUs) });
  await until(() => kept.outages.length === 1);
  server.clients[0]!.terminate();
  await until(() => kept.outages.length === 2);
  expect(lost[0]).toBeGreaterThan(0);
  expect(kept.outages[1]![0]).toBe(lost[0]);
});

test('what is not confirmed in time is given up', async () => {
  const served = await serve();
  const kept = keep(served.url, { confirmMs: 20, open: () => ({ frame: () => 'x' }) });
  await until(() => causes(kept).length >= 2);
  expect(new Set(causes(kept))).toEqual(new Set(['unconfirmed']));
});

test('all connections of a cap share one budget', async () => {
  const served = await serve();
  const connects = createLimiter({ limit: 2, perMs: 3_600_000 }, systemClock);
  keep(served.url, { connects });
  keep(served.url, { connects });
  await until(() => served.clients.length === 2);
  const third = keep(served.url, { connects });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(served.clients).toHaveLength(2);
  // One that waits for its turn stops at once.
  third.stop();
  expect(await third.done).toBeNull();
});

test('TLS: a certificate that is trusted, one that is not', async () => {
  const served = await serve({ tls: true });
  const kept = keep(served.url, { allowPlainText: false }, { ca: pem('cert') });
  await until(() => served.clients.length === 1);
  kept.stop();
  expect(await kept.done).toBeNull();
  const distrusting = keep(served.url, { allowPlainText: false });
  await until(() => causes(distrusting).length >= 1);
  expect(causes(distrusting)[0]).toBe('unreachable');
  expect(served.clients).toHaveLength(1);
});
