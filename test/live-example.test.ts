/** `foretick up --config examples/live.yaml`, led to stand-ins: from live frames of each source to predictions, and instruments that come while it runs. */
import { afterAll, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

import { systemClock } from '#collectors';

import { endAll, eventually, foretick } from './support/program.ts';
import { ROOT, scratchDirectory } from './support/recording.ts';
import { startUp } from './support/up.ts';
import { binance } from './vendors/binance/stand-in.ts';
import { jetstream } from './vendors/bluesky/jetstream.ts';
import { coinbaseExchange } from './vendors/coinbase/exchange.ts';
import { StandIn, type Vendor } from './vendors/kit/stand-in.ts';
import { kraken } from './vendors/kraken/stand-in.ts';
import { yahooStandIn } from './vendors/yahoo/stand-in.ts';

const root = scratchDirectory();
afterAll(() => {
  endAll();
  root.remove();
});

const VENDORS: Readonly<Record<string, (standIn: StandIn) => Vendor>> = {
  coinbase: (own) => coinbaseExchange(own, ['BTC-USD', 'ETH-USD', 'SOL-USD', 'DOGE-USD']),
  kraken,
  binance: binance({ trades: 'aggTrade' }),
  yahoo: yahooStandIn(),
  bluesky: jetstream(),
};

interface Source {
  readonly name: string;
  readonly kind: string;
  readonly instruments?: readonly string[];
}

test('all sources that need no key, from live frames to predictions', async () => {
  const example = parse(readFileSync(join(ROOT, 'examples/live.yaml'), 'utf8')) as { readonly sources: readonly Source[] };
  const standIns = new Map<string, StandIn>();
  for (const { kind } of example.sources) {
    if (standIns.has(kind)) continue;
    const standIn = new StandIn({ clock: systemClock, seed: 5, vendor: VENDORS[kind]! });
    await standIn.start();
    standIns.set(kind, standIn);
  }
  const sources = example.sources.map((source) => {
    const { vendor, proxy } = standIns.get(source.kind)!;
    const settings = vendor.settings({ http: `http://127.0.0.1:${proxy.port}`, ws: `ws://127.0.0.1:${proxy.port}` });
    return { ...source, ...Object.fromEntries(Object.entries(settings).filter(([key]) => key !== 'author_salt')) };
  });
  const config = join(root.path, 'live.yaml');
  writeFileSync(config, stringify({ ...example, sources, target: { horizon: '500ms', label_tolerance: '5s' } }));
  const up = await startUp(join(root.path, 'live'), ['--config', config]);
  const playing = [...standIns.values()].map((standIn) => standIn.play({ name: 'market', forMs: 120_000, rate: 40, steps: [] }));
  const json = async <T>(path: string): Promise<T> => (await (await fetch(`${up.http}${path}`)).json()) as T;
  const predicted = async (): Promise<string[]> => (await json<{ instruments: { instrument: string }[] }>('/v1/instruments')).instruments.map(({ instrument }) => instrument);
  try {
    const wanted = example.sources.filter(({ kind }) => kind !== 'bluesky').flatMap(({ name, instruments = [] }) => instruments.map((symbol) => `${name}:${symbol}`));
    await eventually('all instruments are predicted', async () => {
      const found = await predicted();
      return wanted.every((instrument) => found.includes(instrument)) || undefined;
    }, 60_000);
    const tail = await foretick(['tail', 'predictions', '--limit', '50', '--url', up.http]);
    expect([tail.code, tail.stdout.trim().split('\n').length]).toEqual([0, 50]);
    const posts = await foretick(['tail', 'posts', '--from', 'earliest', '--limit', '20', '--url', up.http]);
    expect(posts.stdout).toContain('yahoo:AAPL');

    // The one without instruments collects what it is told to, while it runs.
    expect((await foretick(['subscribe', 'list', '--url', up.http])).stdout.trim()).toBe('Nothing is subscribed to.');
    const added = await foretick(['subscribe', 'add', 'more', 'DOGE-USD', 'coinbase:DOGE-USD', '--url', up.http]);
    expect([added.code, added.stdout.trim()]).toEqual([0, 'more collects coinbase:DOGE-USD from now on.']);
    await eventually('it is predicted, too', async () => ((await predicted()).includes('coinbase:DOGE-USD') ? true : undefined), 60_000);
    const listed = JSON.parse((await foretick(['subscribe', 'list', 'more', '--json', '--url', up.http])).stdout) as { subscriptions: object[] };
    expect(listed.subscriptions).toEqual([expect.objectContaining({ source: 'more', instrument: 'coinbase:DOGE-USD', symbol: 'DOGE-USD' })]);
    const fixed = await foretick(['subscribe', 'add', 'coinbase', 'DOGE-USD', '--url', up.http]);
    expect([fixed.code, fixed.stderr]).toEqual([expect.any(Number), expect.stringContaining('the instruments of source coinbase stand in its configuration')]);
    expect((await foretick(['subscribe', 'remove', 'more', 'DOGE-USD', '--url', up.http])).stdout.trim()).toBe('more collects coinbase:DOGE-USD no longer.');
    const { stages } = await json<{ stages: { name: string; state: string }[] }>('/v1/stages');
    expect(stages.filter(({ name }) => name.startsWith('collector')).map(({ state }) => state)).toEqual(sources.map(() => 'running'));
  } finally {
    for (const standIn of standIns.values()) await standIn.stop();
    await Promise.all(playing);
    up.program.kill('SIGTERM');
    expect((await up.program.ended).code).toBe(0);
  }
}, 240_000);
