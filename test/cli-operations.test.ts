/** The operator's commands on the embedded queue: through a running process, and on its stopped directory. */
import { afterAll, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { json } from './support/json.ts';
import { endAll, eventually, foretick } from './support/program.ts';
import { cutRecording, scratchDirectory } from './support/recording.ts';
import { startUp } from './support/up.ts';

const root = scratchDirectory();
afterAll(() => {
  endAll();
  root.remove();
});

const COMMANDS = [['lag'], ['topics', 'apply'], ['migrate'], ['dlq', 'list'], ['dlq', 'show'], ['dlq', 'retry']];

test.each(COMMANDS.map((command) => [command.join(' '), command] as const))('%s --help has options, exit codes and examples', async (name, command) => {
  const { code, stdout, stderr } = await foretick([...command, '--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const part of ['Options:', '--json', 'Exit codes: 0', `foretick ${name}`]) expect(stdout).toContain(part);
  expect(stdout).toMatch(/Examples:\n +\$ /);
});

const misuses: [string[], number, string][] = [
  [['lag', '--url', 'http://127.0.0.1:1'], 1, 'NOT_RUNNING'],
  [['lag', '--data', 'no-such-directory'], 2, 'FILE_UNREADABLE'],
  [['dlq', 'list', '--url', 'http://127.0.0.1:1'], 1, 'NOT_RUNNING'],
  [['dlq', 'retry', '1', '--data', 'no-such-directory'], 2, 'FILE_UNREADABLE'],
  [['dlq', 'retry', 'one', '--data', 'no-such-directory'], 2, 'CONFIG_INVALID'],
  [['topics', 'apply', '--data', 'no-such-directory'], 2, 'CONFIG_INVALID'],
  [['topics', 'apply', '--data', 'no-such-directory', '--yes'], 2, 'FILE_UNREADABLE'],
  [['migrate', '--to-prefix', 'other', '--data', 'no-such-directory', '--yes'], 2, 'FILE_UNREADABLE'],
  [['migrate', '--to-prefix', 'other', '--data', 'no-such-directory', '--yes', '--dry-run'], 2, 'CONFIG_INVALID'],
];

test.each(misuses)('%j: exit code %i and %s', async (args, code, error) => {
  const ended = await foretick([...args, '--json'], { cwd: root.path });
  expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
  expect(JSON.parse(ended.stderr)).toMatchObject({ error: { code: error } });
});

const ROWS = 300;

function configured(name: string, lines: readonly string[]): string {
  const file = join(root.path, `${name}.yaml`);
  const source = ['sources:', '  - name: cut', '    kind: replay', `    file: ${cutRecording(root.path, ROWS)}`, '    speed: max'];
  writeFileSync(file, [...source, ...lines].join('\n'));
  return file;
}

interface Lags { readonly lags: readonly { readonly group: string; readonly topic: string; readonly committed: number | null; readonly end: number; readonly records: number }[] }
interface Letters { readonly letters: readonly { readonly letter: number; readonly code: string; readonly retried: boolean }[] }
interface Results { readonly results: readonly { readonly retried: boolean; readonly code: string | null; readonly attempt: number }[] }

test('dead letters are found, refused, and put back; lags are shown; the drained directory moves to more partitions', async () => {
  const data = join(root.path, 'data');
  // Nothing happens at the microsecond at which it is received: every tick is late.
  const strict = configured('strict', ['features:', '  max_lateness: 0us']);
  const mild = configured('mild', []);

  const first = await startUp(data, ['--config', strict]);
  const at = ['--url', first.http];
  const drained = async (url: string): Promise<Lags> => {
    await eventually('everything is read', async () => {
      const { lags } = (await (await fetch(`${url}/v1/lag`)).json()) as Lags;
      return lags.some(({ topic, end }) => topic === 'quotes' && end > 0) && lags.every(({ records, committed, end }) => records === 0 && (committed !== null || end === 0)) ? true : undefined;
    }, 60_000);
    return json<Lags>(['lag', '--url', url]);
  };
  expect(new Set((await drained(first.http)).lags.map(({ group }) => group))).toEqual(new Set(['foretick.features', 'foretick.training.softmax', 'foretick.training.prior', 'foretick.training.persistence']));

  const { letters } = await json<Letters>(['dlq', 'list', ...at, '--code', 'LATE_EVENT', '--topic', 'quotes', '--since', '1h', '-n', '1000']);
  expect(letters.length).toBeGreaterThan(ROWS / 2);
  const letter = String(letters[0]!.letter);
  const bytes = join(root.path, 'letter.bin');
  const shown = await json<{ readonly rows: readonly object[]; readonly value: string }>(['dlq', 'show', letter, ...at, '--output', bytes]);
  expect(shown.rows).toHaveLength(1);
  expect(readFileSync(bytes).toString('base64')).toBe(shown.value);
  expect(await json<Results>(['dlq', 'retry', letter, ...at], 1)).toMatchObject({ results: [{ retried: false, code: 'LATE_EVENT' }] });
  expect((await fetch(`${first.http}/v1/dead-letters/retry`, { method: 'POST', body: `{"letters":[${letter}]}` })).status).toBe(415);
  const forwarded = { method: 'POST', headers: { 'content-type': 'application/json', 'x-forwarded-for': '10.0.0.1' }, body: `{"letters":[${letter}]}` };
  expect((await fetch(`${first.http}/v1/dead-letters/retry`, forwarded)).status).toBe(404);

  const used = await foretick(['dlq', 'retry', letter, '--data', data, '--config', mild, '--json']);
  expect(JSON.parse(used.stderr)).toMatchObject({ error: { code: 'DATA_DIR_LOCKED' } });
  first.program.kill('SIGTERM');
  expect((await first.program.ended).code).toBe(0);

  const directory = ['--data', data, '--config', mild];
  expect(await json<Results>(['dlq', 'retry', letter, ...directory])).toMatchObject({ results: [{ retried: true, code: null, attempt: 2 }] });
  expect((await json<Letters>(['dlq', 'list', ...directory, '-n', '1'])).letters).toMatchObject([{ retried: true }]);
  expect((await json<Lags>(['lag', ...directory])).lags.find(({ topic }) => topic === 'quotes')).toMatchObject({ records: 1 });
  const move = ['migrate', '--to-prefix', 'wider', '--partitions', '4', '--shards', '2', ...directory];
  expect(JSON.parse((await foretick([...move, '--yes', '--json'])).stderr)).toMatchObject({ error: { code: 'NOT_DRAINED' } });

  const second = await startUp(data, ['--config', mild]);
  await drained(second.http);
  second.program.kill('SIGTERM');
  expect((await second.program.ended).code).toBe(0);

  const table = (await foretick([...move, '--dry-run'])).stdout;
  for (const part of ['wider.quotes.v1', 'Nothing is in the way', 'partitions: 4', 'shards: 2']) expect(table).toContain(part);
  const moved = await json<{ readonly topics: readonly { readonly topic: string; readonly rows: number }[] }>([...move, '--yes']);
  expect(moved.topics.find(({ topic }) => topic === 'quotes')!.rows).toBeGreaterThan(ROWS);

  const wider = configured('wider', ['topics:', '  prefix: wider', '  partitions: 4', '  shards: 2']);
  const third = await startUp(data, ['--config', wider]);
  const after = await drained(third.http);
  expect(after.lags.filter(({ group, topic }) => group === 'wider.features' && topic === 'quotes')).toHaveLength(4);
  third.program.kill('SIGTERM');
  expect((await third.program.ended).code).toBe(0);

  const narrow = configured('narrow', ['topics:', '  prefix: wider', '  partitions: 3']);
  const differs = await foretick(['topics', 'apply', '--dry-run', '--data', data, '--config', narrow]);
  expect(differs.code).toBe(1);
  for (const part of ['partitions: 4, configured 3', 'foretick migrate --to-prefix']) expect(differs.stdout.replaceAll(/\s+/g, ' ')).toContain(part);
  const fresh = configured('fresh', ['topics:', '  prefix: fresh']);
  const missing = await foretick(['topics', 'apply', '--dry-run', '--data', data, '--config', fresh]);
  expect({ code: missing.code, last: missing.stdout.trimEnd().split('\n').at(-1) }).toEqual({ code: 0, last: '14 topics would be created; --yes does it.' });
  expect((await json<{ topics: { state: string }[] }>(['topics', 'apply', '--yes', '--data', data, '--config', fresh])).topics.every(({ state }) => state === 'create')).toBe(true);
  expect((await json<{ topics: { state: string }[] }>(['topics', 'apply', '--dry-run', '--data', data, '--config', fresh])).topics.every(({ state }) => state === 'same')).toBe(true);
}, 240_000);
