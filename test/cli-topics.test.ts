/** The commands that look inside, and replay: against a live process, and against directories. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

import type { RunResults } from '#app';

import { MAIN, endAll, eventually, foretick, start } from './support/program.ts';
import { INSTRUMENTS, cutRecording, scratchDirectory } from './support/recording.ts';
import { startUp, type LiveUp } from './support/up.ts';

const root = scratchDirectory();
afterAll(() => {
  endAll();
  root.remove();
});

const COMMANDS = [['topics'], ['models', 'list'], ['models', 'show'], ['features', 'list'], ['features', 'show'], ['replay']];

test.each(COMMANDS.map((command) => [command.join(' '), command] as const))('%s --help has options, exit codes and examples', async (name, command) => {
  const { code, stdout, stderr } = await foretick([...command, '--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const part of ['Options:', '--json', 'Exit codes: 0', `foretick ${name}`]) expect(stdout).toContain(part);
  expect(stdout).toMatch(/Examples:\n +\$ /);
});

const misuses: [string[], number, string][] = [
  [['topics', '--data', 'no-such-directory'], 2, 'FILE_UNREADABLE'],
  [['topics', '--url', 'http://127.0.0.1:1'], 1, 'NOT_RUNNING'],
  [['topics', '--url', 'nowhere'], 2, 'CONFIG_INVALID'],
  [['tail', 'quotes', '--url', 'nowhere'], 2, 'CONFIG_INVALID'],
  [['models', 'list', '--url', 'http://127.0.0.1:1'], 1, 'NOT_RUNNING'],
  [['features', 'show', 'sim:X', '--url', 'http://127.0.0.1:1'], 1, 'NOT_RUNNING'],
  [['replay', '--data', 'no-such-directory'], 2, 'FILE_UNREADABLE'],
];

test.each(misuses)('%j: exit code %i and %s', async (args, code, error) => {
  const ended = await foretick([...args, '--json'], { cwd: root.path });
  expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
  expect(JSON.parse(ended.stderr)).toMatchObject({ error: { code: error } });
});

test.each([['models', 'show', 'softmax', '--version', '-1'], ['replay'], ['replay', '--data', 'x', '--from', 'yesterday']])('%j %j %j %j: wrong use', async (...args) => {
  const { code, stderr } = await foretick(args.filter((arg) => typeof arg === 'string'));
  expect(code).toBe(2);
  expect(stderr).not.toContain('    at ');
});

test('something else that answers is NOT_RUNNING, not a crash', async () => {
  const other = createServer((_request, response) => response.writeHead(404).end('<html>')).listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  const { code, stderr } = await foretick(['topics', '--url', `http://127.0.0.1:${port}`, '--json']);
  other.close();
  expect(code).toBe(1);
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'NOT_RUNNING' } });
});

test('features without a process: every column with unit, state and formula', async () => {
  const { stdout } = await foretick(['features', 'list', '--json']);
  const { set, columns } = JSON.parse(stdout) as { set: string; columns: Record<string, unknown>[] };
  expect(set).toMatch(/^default@\d+$/);
  expect(columns).toHaveLength(40);
  expect(columns[0]).toEqual({ name: 'return_bps', unit: 'bps', stateBytes: 0, what: expect.any(String), formula: expect.any(String), source: expect.any(String) });
  expect((await foretick(['features', 'list'])).stdout).toContain('return_bps');
});

describe('beside a running process', () => {
  let up: LiveUp;
  beforeAll(async () => {
    up = await startUp(join(root.path, 'live'), ['--speed', '20']);
    await eventually('a learned version', async () => {
      const { code, stdout } = await foretick(['models', 'show', 'softmax', '--url', up.http, '--json']);
      return (code === 0 && (JSON.parse(stdout) as { version: number }).version > 0) || undefined;
    }, 60_000);
  }, 120_000);

  test('topics: the process and its directory tell the same names; groups have a lag', async () => {
    const asked = JSON.parse((await foretick(['topics', '--url', up.http, '--json'])).stdout) as { topics: { name: string; groups: unknown[] }[] };
    const read = JSON.parse((await foretick(['topics', '--data', up.directory, '--json'])).stdout) as typeof asked;
    expect(read.topics.map(({ name }) => name)).toEqual(asked.topics.map(({ name }) => name));
    expect(read.topics.find(({ name }) => name.includes('quotes'))!.groups).toEqual([{ group: 'foretick.features', lag: expect.any(Number) }]);
    expect((await foretick(['topics', '--url', up.http])).stdout).toContain('foretick.training.softmax');
  });

  test('models: the list, and what one has learned', async () => {
    const { versions } = JSON.parse((await foretick(['models', 'list', '--url', up.http, '--json'])).stdout) as { versions: { model: string; aliases: string[]; weightsSha256: string }[] };
    expect(new Set(versions.map(({ model }) => model))).toEqual(new Set(['softmax', 'prior', 'persistence']));
    expect(versions.filter(({ aliases }) => aliases.includes('champion')).map(({ model }) => model)).toEqual(['softmax']);
    for (const { weightsSha256 } of versions) expect(weightsSha256).toMatch(/^[0-9a-f]{64}$/);
    const shown = (await foretick(['models', 'show', 'champion', '--url', up.http])).stdout;
    for (const word of ['softmax', 'learning steps', 'down', 'flat', 'up', '(bias)', 'learningRate']) expect(shown).toContain(word);
  });

  test('features INSTRUMENT: names, values, units', async () => {
    const row = JSON.parse((await foretick(['features', 'show', INSTRUMENTS[0], '--url', up.http, '--json'])).stdout) as { features: { unit: string; value: number }[] };
    expect(row.features[0]).toEqual({ name: 'return_bps', value: expect.any(Number), unit: 'bps' });
    expect((await foretick(['features', 'show', 'sim:NONE', '--url', up.http])).stderr).toContain('UNKNOWN_INSTRUMENT');
  });

  test('stages: collector, workers and server, with counts', async () => {
    const { stages } = (await (await fetch(`${up.http}/v1/stages`)).json()) as { stages: { name: string; rows: number }[] };
    const rows = (name: string): number => stages.find((stage) => stage.name === name)?.rows ?? -1;
    for (const name of ['collector replay', 'feature worker', 'training softmax', 'view of features']) expect([name, rows(name) > 0]).toEqual([name, true]);
  });
});

describe('replay', () => {
  const digests = (results: RunResults): unknown => ({ ...results, replayed: undefined });
  const data = join(root.path, 'finished');
  const fingerprint = (): string => createHash('sha256').update(readFileSync(join(data, 'queue.mdb'))).digest('hex');
  let original: RunResults;
  beforeAll(async () => {
    const args = ['backtest', cutRecording(root.path, 4_000), '--data', data, '--made-up-posts', '60', '--posts-about', INSTRUMENTS[0], '--json'];
    original = JSON.parse((await foretick(args)).stdout) as RunResults;
  }, 60_000);

  test('of a finished run gives the same digests, whether interrupted or not, and leaves its directory as it was', async () => {
    const before = fingerprint();
    const args = ['replay', '--data', data, '--into', join(root.path, 'again'), '--json'];
    const killed = start(MAIN, args);
    await eventually('it has begun', () => {
      try {
        return readFileSync(join(root.path, 'again', 'run.json')).length > 0 || undefined;
      } catch {
        return undefined; // Not there yet.
      }
    });
    killed.kill('SIGKILL');
    await killed.ended;
    for (let times = 0; times < 2; times++) {
      const { code, stdout, stderr } = await foretick(args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(digests(JSON.parse(stdout) as RunResults)).toEqual(digests(original));
    }
    expect(fingerprint()).toBe(before);
  }, 60_000);

  test('of a span says from when to when, and has fewer rows; other settings on the same directory are refused', async () => {
    const whole = JSON.parse((await foretick(['replay', '--data', data, '--into', join(root.path, 'again'), '--json'])).stdout) as RunResults & { replayed: { fromUs: number; toUs: number } };
    const middle = Math.round((whole.replayed.fromUs + whole.replayed.toUs) / 2);
    const into = join(root.path, 'half');
    const half = JSON.parse((await foretick(['replay', '--data', data, '--into', into, '--from', String(middle), '--json'])).stdout) as typeof whole;
    expect(half.replayed.fromUs).toBeGreaterThanOrEqual(middle);
    expect(half.features.rows).toBeGreaterThan(0);
    expect(half.features.rows).toBeLessThan(whole.features.rows);
    const other = await foretick(['replay', '--data', data, '--into', into, '--json']);
    expect(other.code).toBe(1);
    expect(JSON.parse(other.stderr)).toMatchObject({ error: { code: 'RUN_MISMATCH' } });
    const itself = await foretick(['replay', '--data', data, '--into', data, '--json']);
    expect(JSON.parse(itself.stderr)).toMatchObject({ error: { code: 'CONFIG_INVALID' } });
  }, 60_000);

  test('of what was recorded in several partitions works through one sequence, by receipt time: the same, whether interrupted or not', async () => {
    const config = join(root.path, 'several.yaml');
    writeFileSync(config, 'topics: { partitions: 4 }\n');
    const several = join(root.path, 'several');
    const recorded = JSON.parse((await foretick(['backtest', cutRecording(root.path, 4_000), '--config', config, '--data', several, '--made-up-posts', '60', '--posts-about', INSTRUMENTS[0], '--json'])).stdout) as RunResults;
    const replayed = async (into: string): Promise<RunResults> => {
      const { code, stdout, stderr } = await foretick(['replay', '--config', config, '--data', several, '--into', join(root.path, into), '--json']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return JSON.parse(stdout) as RunResults;
    };
    const results = await replayed('several-again');
    expect([results.features.rows, results.features.missing, results.features.repeats]).toEqual([recorded.features.rows, 0, 0]);
    const killed = start(MAIN, ['replay', '--config', config, '--data', several, '--into', join(root.path, 'several-killed'), '--json']);
    await eventually('it has begun', () => (existsSync(join(root.path, 'several-killed', 'queue.mdb')) ? true : undefined));
    killed.kill('SIGKILL');
    await killed.ended;
    expect(digests(await replayed('several-killed'))).toEqual(digests(results));
    // Rows and their labels are those of a run in one partition, in another order where two were received at once.
    const { models } = original;
    expect(results.models.map(({ model, outcomes, expired }) => [model, outcomes, expired])).toEqual(models.map(({ model, outcomes, expired }) => [model, outcomes, expired]));
  }, 120_000);

  test('of a span without history ends, and says so', async () => {
    const { code, stdout } = await foretick(['replay', '--data', data, '--into', join(root.path, 'empty'), '--from', '2090-01-01T00:00:00Z']);
    expect(code).toBe(0);
    expect(stdout).toContain('There was no history to replay');
  }, 60_000);
});
