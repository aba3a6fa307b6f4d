/** A source of one's own from outside: the command line, a running pipeline, and the contract as somebody else's test. */
import { afterAll, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { systemClock } from '#collectors';

import { endAll, foretick, start } from './support/program.ts';
import { ROOT, scratchDirectory } from './support/recording.ts';
import { startUp } from './support/up.ts';
import { StandIn } from './vendors/kit/stand-in.ts';
import { oandaStandIn } from './vendors/oanda/stand-in.ts';

const OWN = join(ROOT, 'examples/own-source.yaml');
const root = scratchDirectory();
afterAll(() => {
  endAll();
  root.remove();
});

const inRoot = (name: string, content: string): string => {
  const path = join(root.path, name);
  writeFileSync(path, content);
  return path;
};

test('foretick sources, config check and config schema know it', async () => {
  expect((await foretick(['sources', '--config', OWN])).stdout).toMatch(/oanda +│ OANDA prices/);
  const { stdout } = await foretick(['sources', 'oanda', '--config', OWN, '--json']);
  const { kind, settings } = JSON.parse(stdout) as { kind: string; settings: { key: string; fallback: string | null; required: boolean }[] };
  expect(kind).toBe('oanda');
  expect(settings).toContainEqual(expect.objectContaining({ key: 'token', required: true }));
  expect(settings).toContainEqual(expect.objectContaining({ key: 'silent_after', fallback: '15s' }));
  expect((await foretick(['config', 'check', OWN])).stdout).toContain('kind: oanda');
  expect((await foretick(['config', 'schema', OWN])).stdout).toContain('"const": "oanda"');
});

test('without its file, and with one that cannot be used, there is a coded error', async () => {
  const missing = await foretick(['sources', 'oanda'], { cwd: root.path });
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('no source is of kind oanda; there are alpaca')]);
  for (const args of [['sources'], ['config', 'check'], ['config', 'schema'], ['collect', '--config']]) {
    const config = inRoot('broken.yaml', 'source_files: [nowhere.mjs]\n');
    const { code, stderr } = await foretick([...args, ...(args[0] === 'sources' ? ['--config', config] : [config])], { cwd: root.path });
    expect([args, code, stderr]).toEqual([args, 2, expect.stringContaining(`FILE_UNREADABLE: ${config}:1: source_files.0: nowhere.mjs: `)]);
  }
  const importing = inRoot('imports.mjs', "import { defineSource } from 'foretick/sources';\nexport const source = defineSource({});\n");
  const { stderr } = await foretick(['sources', '--config', inRoot('importing.yaml', `source_files: [${importing}]\n`)], { cwd: root.path });
  expect(stderr).toContain('export `source` as a function: it is given all of foretick/sources');
});

test('it runs from live frames to predictions', async () => {
  const standIn = new StandIn({ clock: systemClock, seed: 3, vendor: oandaStandIn });
  await standIn.start();
  const token = inRoot('token', 'secret-of-OANDA_TOKEN');
  const url = `http://127.0.0.1:${standIn.proxy.port}`;
  const config = inRoot('live.json', JSON.stringify({
    source_files: [join(ROOT, 'examples/sources/oanda.js')],
    sources: [{ name: 'fx', kind: 'oanda', account: '101-001-1234567-001', token: { file: token }, url, allow_plain_text: true, instruments: ['EUR_USD', 'XAU_USD'] }],
    target: { horizon: '500ms', label_tolerance: '5s' },
  }));
  const up = await startUp(join(root.path, 'live'), ['--config', config]);
  const market = standIn.play({ name: 'market', forMs: 60_000, rate: 100, steps: [{ at: 2000, fault: 'cut' }] });
  try {
    const { code, stdout } = await foretick(['tail', 'predictions', '--limit', '50', '--url', up.http]);
    expect([code, stdout.trim().split('\n').length]).toEqual([0, 50]);
    const { instruments } = (await (await fetch(`${up.http}/v1/instruments`)).json()) as { instruments: { instrument: string }[] };
    expect(instruments.map(({ instrument }) => instrument).sort()).toEqual(['oanda:EUR_USD', 'oanda:XAU_USD']);
  } finally {
    await standIn.stop();
    await market;
    up.program.kill('SIGTERM');
    expect((await up.program.ended).code).toBe(0);
  }
});

test('somebody else\'s test is the contract, in five lines, with what Node has', async () => {
  mkdirSync(join(root.path, 'node_modules'), { recursive: true });
  symlinkSync(ROOT, join(root.path, 'node_modules/foretick'), 'dir');
  const file = inRoot('oanda.test.mjs', `import { test } from 'node:test';
import { sourceContract } from 'foretick/sources/testing';
import { source } from '${ROOT}examples/sources/oanda.js';
import { oandaStandIn } from '${ROOT}dist/test/vendors/oanda/stand-in.js';
sourceContract('Mine', { test, source, vendor: oandaStandIn, silentMs: 15_000, closeCode: null, without: ['close'] });
`);
  const { code, stdout } = await start(file, [], { nodeOptions: ['--test-name-pattern', 'publishes what happens|stops cleanly'], cwd: root.path }).ended;
  expect([code, stdout]).toEqual([0, expect.stringMatching(/ok \d+ - Mine as a source publishes what happens[^#\n]*\n/)]);
  // One that breaks its promises is found.
  writeFileSync(file, readFileSync(file, 'utf8').replace('silentMs', "settings: { max_snapshot_age: '1h' }, silentMs"));
  const broken = await start(file, [], { nodeOptions: ['--test-name-pattern', 'old as news'], cwd: root.path }).ended;
  expect([broken.code, broken.stdout]).toEqual([1, expect.stringMatching(/not ok \d+ - Mine as a source does not publish what is old as news/)]);
}, 120_000);
