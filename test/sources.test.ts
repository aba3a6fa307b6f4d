/** Live sources from outside: what the command line says of them, and from a vendor's frames to predictions. */
import { afterAll, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { SOURCE_KINDS, systemClock } from '#collectors';

import { endAll, foretick } from './support/program.ts';
import { scratchDirectory } from './support/recording.ts';
import { startUp } from './support/up.ts';
import { coinbaseExchange } from './vendors/coinbase/exchange.ts';
import { StandIn } from './vendors/kit/stand-in.ts';

const root = scratchDirectory();
afterAll(() => {
  endAll();
  root.remove();
});

test('foretick sources lists every kind, and each describes all of its settings', async () => {
  const list = await foretick(['sources']);
  expect(list.code).toBe(0);
  for (const { kind } of SOURCE_KINDS) expect(list.stdout).toContain(kind);
  for (const { kind, options, doc } of SOURCE_KINDS) {
    const { stdout } = await foretick(['sources', kind, '--json']);
    const { settings, ...rest } = JSON.parse(stdout) as { settings: { key: string; description: string; fallback: string | null }[] } & Record<string, unknown>;
    expect(rest).toEqual({ kind, ...doc });
    expect(settings.map(({ key }) => key)).toEqual(Object.keys(options.shape));
    for (const { key, description } of settings) expect([kind, key, description]).toEqual([kind, key, expect.stringMatching(/\w{3}/)]);
  }
  const page = await foretick(['sources', 'coinbase']);
  expect(page.stdout).toMatch(/silent_after +│ string +│ 10s/);
});

test('from the frames of a vendor to predictions, through the program as it is started', async () => {
  const standIn = new StandIn({ clock: systemClock, seed: 3, vendor: coinbaseExchange });
  await standIn.start();
  const address = `127.0.0.1:${standIn.proxy.port}`;
  const config = join(root.path, 'live.yaml');
  writeFileSync(config, JSON.stringify({
    sources: [{ name: 'coinbase', kind: 'coinbase', instruments: ['BTC-USD', 'ETH-USD', 'SOL-USD'], url: `ws://${address}`, rest_url: `http://${address}`, allow_plain_text: true }],
    target: { horizon: '500ms', label_tolerance: '5s' },
  }));
  const up = await startUp(join(root.path, 'live'), ['--config', config]);
  const market = standIn.play({ name: 'market', forMs: 60_000, rate: 100, steps: [{ at: 2000, fault: 'cut' }] });
  try {
    const { code, stdout, stderr } = await foretick(['tail', 'predictions', '--limit', '200', '--url', up.http]);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    expect(stdout.trim().split('\n')).toHaveLength(200);
    const { instruments } = (await (await fetch(`${up.http}/v1/instruments`)).json()) as { instruments: { instrument: string }[] };
    expect(instruments.map(({ instrument }) => instrument).sort()).toEqual(['coinbase:BTC-USD', 'coinbase:ETH-USD', 'coinbase:SOL-USD']);
    const metrics = await (await fetch(`${up.http}/metrics`)).text();
    expect(metrics).toMatch(/foretick_source_frames_total\{source="coinbase",kind="match"\} [1-9]/);
  } finally {
    await standIn.stop();
    await market;
    up.program.kill('SIGTERM');
    expect((await up.program.ended).code).toBe(0);
  }
});
