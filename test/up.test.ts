/** The real program: `foretick up` on free ports. */
import { afterAll, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { Cursor, decodeJson, decodePredictions, topicLayout } from '#proto';
import { openEmbeddedQueue } from '#queue/embedded';

import { endAll, eventually, foretick } from './support/program.ts';
import { scratchDirectory } from './support/recording.ts';
import { startUp } from './support/up.ts';

const root = scratchDirectory();
afterAll(() => {
  endAll();
  root.remove();
});

/** What a data directory holds: rows that were published, and how often each prediction is there. */
async function held(directory: string): Promise<{ rows: number; predictions: number; repeats: number; gaps: number }> {
  const layout = topicLayout({ prefix: 'foretick', inputs: 1, shards: 1 });
  const queue = await openEmbeddedQueue({ directory });
  const seen = new Map<string, Set<number>>();
  let rows = 0;
  let predictions = 0;
  try {
    for await (const { records } of queue.read({ topic: layout.name('cursors'), from: 'earliest', toEnd: true })) {
      for (const { value } of records) {
        const { published } = decodeJson(value!, Cursor);
        rows = published;
      }
    }
    for await (const { records } of queue.read({ topic: layout.name('predictions'), from: 'earliest', toEnd: true })) {
      for (const { task, ordinal } of records.flatMap(decodePredictions)) {
        seen.set(task, (seen.get(task) ?? new Set()).add(ordinal));
        predictions++;
      }
    }
  } finally {
    await queue.close();
  }
  const sets = [...seen.values()];
  const distinct = sets.reduce((sum, { size }) => sum + size, 0);
  const gaps = sets.filter((ordinals) => Math.max(...ordinals) !== ordinals.size - 1).length;
  return { rows, predictions, repeats: predictions - distinct, gaps };
}

interface Predictions {
  readonly predictions: readonly { readonly abstained: string; readonly instrument: string }[];
}

test('up serves predictions; SIGTERM drains; the next start goes on; so does one after kill -9', async () => {
  const directory = join(root.path, 'life');
  const started = performance.now();
  const first = await startUp(directory);
  const given = await eventually('a prediction', async () => {
    const answer = await fetch(`${first.http}/v1/predictions?limit=5`);
    expect(answer.status).toBe(200);
    const { predictions } = (await answer.json()) as Predictions;
    return predictions.find(({ abstained }) => abstained === '');
  }, 60_000);
  expect(given.instrument).toMatch(/^binance:/);
  expect(performance.now() - started).toBeLessThan(60_000);

  first.program.kill('SIGTERM');
  const ended = await first.program.ended;
  expect(ended.code).toBe(0);
  const states = ended.stderr.split('\n').flatMap((line) => (line.includes('"state"') ? [(JSON.parse(line) as { state: string }).state] : []));
  expect(states).toEqual(['STARTING', 'RUNNING', 'DRAINING', 'STOPPED']);
  const drained = await held(directory);
  expect(drained).toMatchObject({ repeats: 0, gaps: 0 });
  expect(drained.rows).toBeGreaterThan(0);

  const second = await startUp(directory);
  await eventually('more rows', async () => {
    const answer = await fetch(`${second.http}/metrics`);
    const [, ticks] = /^foretick_collector_ticks_total\{[^}]*\} (\d+)/m.exec(await answer.text()) ?? [];
    return Number(ticks ?? 0) > 2_000 || undefined;
  }, 60_000);
  second.program.kill('SIGKILL');
  expect((await second.program.ended).signal).toBe('SIGKILL');
  const killed = await held(directory);
  expect(killed).toMatchObject({ repeats: 0, gaps: 0 });
  expect(killed.rows).toBeGreaterThanOrEqual(drained.rows + 2_000);

  const third = await startUp(directory);
  await eventually('it is ready', async () => (await fetch(`${third.http}/readyz`)).ok || undefined, 60_000);
  await eventually('more rows', async () => {
    const answer = await fetch(`${third.http}/metrics`);
    const [, ticks] = /^foretick_collector_ticks_total\{[^}]*\} (\d+)/m.exec(await answer.text()) ?? [];
    return Number(ticks ?? 0) > 2_000 || undefined;
  }, 60_000);
  third.program.kill('SIGINT');
  expect((await third.program.ended).code).toBe(0);
  const last = await held(directory);
  expect(last).toMatchObject({ repeats: 0, gaps: 0 });
  expect(last.rows).toBeGreaterThan(killed.rows);
  expect(last.predictions).toBeGreaterThan(killed.predictions);
}, 300_000);

test('a taken port: PORT_TAKEN, exit code 1, and the flag that changes it', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address ? String(address.port) : '';
  try {
    for (const [flag, other] of [['--http-port', '--grpc-port'], ['--grpc-port', '--http-port']] as const) {
      const args = ['up', '--data', join(root.path, `taken${flag}`), flag, port, other, '0'];
      const plain = await foretick(args);
      expect(plain.code).toBe(1);
      expect(plain.stderr).toContain('PORT_TAKEN');
      expect(plain.stderr).toContain(port);
      expect(plain.stderr).toContain(flag);
      const json = await foretick([...args, '--json']);
      expect(json.code).toBe(1);
      expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'PORT_TAKEN' } });
    }
  } finally {
    taken.close();
  }
}, 120_000);

test('a second process on the same data directory: DATA_DIR_LOCKED, and the first one goes on', async () => {
  const directory = join(root.path, 'locked');
  const up = await startUp(directory);
  const second = await foretick(['up', '--data', directory, '--http-port', '0', '--grpc-port', '0', '--json']);
  expect(second.code).toBe(1);
  const { error } = JSON.parse(second.stderr) as { error: { code: string; message: string } };
  expect(error.code).toBe('DATA_DIR_LOCKED');
  expect(error.message).toContain(String(up.program.child.pid));
  expect((await fetch(`${up.http}/livez`)).status).toBe(200);
  up.program.kill('SIGTERM');
  expect((await up.program.ended).code).toBe(0);
}, 120_000);
