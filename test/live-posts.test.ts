/** Live posts from outside: from two networks, through the program as it is started, to records and features. */
import { afterAll, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { systemClock } from '#collectors';

import { endAll, foretick } from './support/program.ts';
import { scratchDirectory } from './support/recording.ts';
import { startUp } from './support/up.ts';
import { SALT, hashed, jetstream } from './vendors/bluesky/jetstream.ts';
import { StandIn } from './vendors/kit/stand-in.ts';
import { mastodonServer } from './vendors/mastodon/server.ts';

const root = scratchDirectory();
afterAll(() => {
  endAll();
  root.remove();
});

interface Row {
  readonly instrument: string;
  readonly source: string;
  readonly author: string;
  readonly text: string;
}

test('posts of two networks become records about the instruments that the table names', async () => {
  const networks = [new StandIn({ clock: systemClock, seed: 3, vendor: jetstream() }), new StandIn({ clock: systemClock, seed: 4, vendor: mastodonServer() })] as const;
  for (const network of networks) await network.start();
  const [bluesky, mastodon] = networks.map(({ proxy }) => `127.0.0.1:${proxy.port}`) as [string, string];
  const file = (name: string, text: string): string => {
    const path = join(root.path, name);
    writeFileSync(path, text);
    return path;
  };
  const shared = { allow_plain_text: true, author_salt: { file: file('salt', `${SALT}\n`) } };
  const config = file('live.yaml', JSON.stringify({
    posts: { instruments: file('table.yaml', JSON.stringify({ assets: [{ instruments: ['xetra:APC'], symbols: ['AAPL'] }, { instruments: ['kraken:BTC/USD', 'binance:BTC-USDT'], symbols: ['BTC'] }] })) },
    sources: [
      { name: 'sky', kind: 'bluesky', urls: [`ws://${bluesky}/subscribe`], ...shared },
      { name: 'fedi', kind: 'mastodon', url: `http://${mastodon}`, streaming_url: `http://${mastodon}`, access_token: { file: file('token', 'secret-of-MASTODON_TOKEN') }, instruments: ['kraken:BTC/USD'], ...shared },
    ],
  }));
  const up = await startUp(join(root.path, 'live'), ['--config', config]);
  const playing = networks.map((network) => network.play({ name: 'posts', forMs: 60_000, rate: 50, steps: [] }));
  try {
    const { code, stdout } = await foretick(['tail', 'posts', '--from', 'earliest', '--limit', '400', '--url', up.http]);
    expect(code).toBe(0);
    const rows = stdout.trim().split('\n').map((line) => (JSON.parse(line) as { readonly value: Row }).value).filter(({ text }) => text !== '');
    const about = (source: string): string[] => [...new Set(rows.filter((row) => row.source === source).map(({ instrument }) => instrument))].sort();
    expect([about('sky'), about('fedi')]).toEqual([['binance:BTC-USDT', 'kraken:BTC/USD', 'xetra:APC'], ['kraken:BTC/USD']]);
    const authors = new Set(Array.from({ length: 50 }, (_, i) => hashed(SALT, `did:plc:author-${i}`)));
    expect(rows.filter(({ source, author }) => source === 'sky' && !authors.has(author))).toEqual([]);
    expect(stdout).not.toMatch(/did:|author-\d/);
    const metrics = await (await fetch(`${up.http}/metrics`)).text();
    expect(metrics).toMatch(/foretick_source_frames_total\{source="sky",kind="create"\} [1-9]/);
    expect(metrics).toMatch(/foretick_source_frames_total\{source="fedi",kind="update"\} [1-9]/);
  } finally {
    for (const network of networks) await network.stop();
    await Promise.all(playing);
    up.program.kill('SIGTERM');
    expect((await up.program.ended).code).toBe(0);
  }
});
