/** The command line: help, wrong use, machine-readable output, and reading from a running process. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { packageRoot } from '#app';
import { TOPICS } from '#proto';
import { openEmbeddedQueue, openLmdbStore } from '#queue/embedded';

import { endAll, eventually, foretick } from './support/program.ts';
import { cutRecording, scratchDirectory } from './support/recording.ts';
import { startUp, type LiveUp } from './support/up.ts';

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

const COMMANDS = [['up'], ['backtest'], ['tail'], ['config', 'check'], ['config', 'schema'], ['check', 'features'], ['check', 'post'], ['doctor'], ['evaluate'], ['topics'], ['models', 'list'], ['models', 'show'], ['features'], ['replay'], ['sources']];

test.each(COMMANDS.map((command) => [command.join(' '), command] as const))('%s --help describes its options and has examples', async (_, command) => {
  const { code, stdout, stderr } = await foretick([...command, '--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('Options:');
  expect(stdout).toMatch(/Examples?:\n +\$ /);
  expect(stdout).toContain(`foretick ${command.join(' ')}`);
});

test('--help and --version of the program itself', async () => {
  const help = await foretick(['--help']);
  expect(help.code).toBe(0);
  for (const [name] of COMMANDS) expect(help.stdout).toContain(`  ${name!}`);
  expect((await foretick(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

const misuses = [
  ['up', '--no-such-flag'],
  ['up', '--http-port', '70000'],
  ['up', '--speed', '-1'],
  ['up', '--speed', 'fast'],
  ['up', '--laps', '0'],
  ['up', '--times', 'never'],
  ['backtest'],
  ['backtest', 'some.csv'],
  ['backtest', 'some.csv', '--data', 'x', '--no-such-flag'],
  ['backtest', 'some.csv', '--data', 'x', '--made-up-posts', '5'],
  ['tail'],
  ['tail', 'predictions', '--limit', '0'],
  ['check', 'features', '--events', '0'],
  ['doctor', '--no-such-flag'],
  ['sources', 'nothing'],
  ['nothing'],
];

test('wrong use: exit code 2, and what is wrong', async () => {
  const ended = await Promise.all(misuses.map(async (args) => ({ args, ...(await foretick(args, { cwd: root.path })) })));
  for (const { args, code, stdout, stderr } of ended) {
    expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
    expect(stderr).not.toBe('');
    expect(stderr).not.toContain('    at ');
  }
}, 120_000);

describe('backtest', () => {
  const failures: [string, () => string[], string][] = [
    ['a file that is not there', () => ['no-such.csv'], 'FILE_UNREADABLE'],
    ['columns of no known recording', () => [inRoot('odd.csv', 'a,b\n1,2\n')], 'UNKNOWN_FORMAT'],
    ['a mapping nobody named', () => [cutRecording(root.path, 10), '--mapping', 'none'], 'UNKNOWN_FORMAT'],
    ['a report that cannot be written', () => [cutRecording(root.path, 10), '--report', join(root.path, 'no', 'such.html')], 'FILE_UNWRITABLE'],
    ['an unknown key of the configuration', () => [cutRecording(root.path, 10), '--config', inRoot('wrong.yaml', 'features: { batch: 1 }\n')], 'CONFIG_INVALID'],
  ];
  test.each(failures)('%s', async (name, args, code) => {
    const all = ['backtest', ...args(), '--data', join(root.path, 'failing', name.replaceAll(' ', '-'))];
    const plain = await foretick(all);
    expect(plain.code).toBe(2);
    expect(plain.stderr).toContain(`foretick: ${code}: `);
    const json = await foretick([...all, '--json']);
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code, retriable: false } });
  });

  test('prints a table, or JSON of the same; another recording on the same directory is refused', async () => {
    const directory = join(root.path, 'table');
    const args = ['backtest', cutRecording(root.path, 2_000), '--data', directory];
    const table = await foretick(args);
    expect({ code: table.code, stderr: table.stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of ['softmax', 'prior', 'persistence', 'log loss', '95 % interval', 'sha256']) expect(table.stdout).toContain(word);
    const page = join(root.path, 'table.html');
    expect((await foretick([...args, '--report', page])).stdout).toContain(`Report: ${page}`);
    expect(readFileSync(page, 'utf8').includes('Nothing was scored')).toBe(true);
    const json = JSON.parse((await foretick([...args, '--json'])).stdout) as { predictions: { rows: number; sha256: string } };
    expect(json.predictions.rows).toBe(6_000);
    expect(table.stdout).toContain(json.predictions.sha256);
    const other = await foretick(['backtest', cutRecording(root.path, 1_000), '--data', directory, '--json']);
    expect(other.code).toBe(1);
    expect(JSON.parse(other.stderr)).toMatchObject({ error: { code: 'RUN_MISMATCH' } });
  }, 120_000);
});

describe('config', () => {
  test('schema is a JSON Schema of every section', async () => {
    const { code, stdout } = await foretick(['config', 'schema']);
    expect(code).toBe(0);
    const schema = JSON.parse(stdout) as { properties: Record<string, unknown> };
    for (const section of ['queue', 'topics', 'sources', 'features', 'target', 'models', 'training', 'serving']) expect(schema.properties).toHaveProperty(section);
  });

  test('check prints a whole configuration, which passes again; variables go over the file', async () => {
    const file = inRoot('small.yaml', 'target: { horizon: 7s }\n');
    const env = { FORETICK_SERVING_HTTP_PORT: '9090' };
    const plain = await foretick(['config', 'check', file], { env });
    expect({ code: plain.code, stderr: plain.stderr }).toEqual({ code: 0, stderr: '' });
    const again = await foretick(['config', 'check', '--json', inRoot('whole.yaml', plain.stdout)]);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ target: { horizon: '7s' }, serving: { http: { port: 9090 } } });
  });

  test('check names file, line and key of what is wrong', async () => {
    const file = inRoot('bad.yaml', 'features:\n  batch_rows: 0\n  wrong: 1\n');
    const { code, stderr } = await foretick(['config', 'check', file]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${file}:2: features.batch_rows`);
    expect(stderr).toContain(`${file}:3: features.wrong: unknown key`);
  });
});

describe('check features', () => {
  const cheating = `export const name = 'cheat';
export const version = 1;
export const features = [{
  name: 'wall_clock', unit: 's', width: 0,
  doc: { what: 'The time of day here', formula: 'now', source: 'none' },
  create: () => ({ update: () => Date.now() * Math.random() }),
}];
`;

  test('the shipped features and the example pass', async () => {
    for (const file of [[], [join(packageRoot, 'examples', 'features', 'reversal.js')]]) {
      const { code, stdout, stderr } = await foretick(['check', 'features', ...file, '--events', '500']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('none of');
    }
  }, 60_000);

  test('a feature that looks at the clock is named', async () => {
    const { code, stdout } = await foretick(['check', 'features', inRoot('cheat.mjs', cheating), '--events', '200']);
    expect(code).toBe(1);
    expect(stdout).toContain('cheat@1: wall_clock cheats.');
  });

  test('a file that declares none is refused', async () => {
    const { code, stderr } = await foretick(['check', 'features', inRoot('none.mjs', 'export const name = "none";\n')]);
    expect(code).toBe(2);
    expect(stderr).toContain('foretick: CONFIG_INVALID: ');
  });
});

describe('check post', () => {
  test('instruments and sentiment of a text', async () => {
    const plain = await foretick(['check', 'post', 'Love $AAPL, great quarter!']);
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout).toMatch(/^instruments {2}yahoo:AAPL\nsentiment {4}0\.\d{4}\n$/);
    const json = await foretick(['check', 'post', 'an awful day', '--json']);
    const { instruments, sentiment } = JSON.parse(json.stdout) as { instruments: string[]; sentiment: number };
    expect([instruments, sentiment < -0.3]).toEqual([[], true]);
  });

  test('a table with a mistake is refused with its line', async () => {
    const table = inRoot('table.yaml', 'assets:\n  - instruments: [x:A]\n    symbol: [A]\n');
    const { code, stderr } = await foretick(['check', 'post', 'text', '--instruments', table]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${table}:3: assets.0.symbol: unknown key`);
  });
});

describe('doctor', () => {
  /** A directory with one topic, and the last byte of its first block turned. */
  async function damaged(): Promise<string> {
    const directory = join(root.path, 'damaged');
    const queue = await openEmbeddedQueue({ directory });
    await queue.ensureTopics([{ name: 'log', partitions: 1, cleanup: 'delete' }]);
    const producer = await queue.producer();
    for (let i = 0; i < 3; i++) await producer.send([{ topic: 'log', partition: 0, value: `value ${i}` }]);
    await queue.close();
    const sound = await foretick(['doctor', '--data', directory]);
    expect({ code: sound.code, stderr: sound.stderr }).toEqual({ code: 0, stderr: '' });
    const store = openLmdbStore(directory);
    store.transaction((writer) => {
      // 'b', topic 0, partition 0, offset 0: see queue/embedded/keys.ts.
      const key = Buffer.concat([Buffer.from('b'), Buffer.alloc(12)]);
      const block = Buffer.from(writer.get(key)!);
      block[block.length - 1]! ^= 1;
      writer.put(key, block);
    });
    await store.close();
    return directory;
  }

  test('says what is broken, mends what can be, and says what is lost', async () => {
    const directory = await damaged();
    const sick = await foretick(['doctor', '--data', directory, '--json']);
    expect(sick.code).toBe(1);
    expect(sick.stdout).toContain('"severity": "error"');
    const mended = await foretick(['doctor', '--data', directory, '--repair']);
    expect(mended.code).toBe(0);
    expect((await foretick(['doctor', '--data', directory])).code).toBe(0);
  }, 60_000);
});

describe('tail', () => {
  let up: LiveUp;
  beforeAll(async () => {
    up = await startUp(join(root.path, 'tail'), ['--speed', '5']);
    await eventually('evaluations', async () => {
      const { stdout } = await foretick(['tail', 'evaluations', '--url', up.http, '--from', 'earliest', '--no-follow', '-n', '1']);
      return stdout !== '' || undefined;
    }, 60_000);
  }, 120_000);

  test.each(['quotes', 'posts', 'features', 'predictions', 'outcomes', 'evaluations', 'aliases'])('%s: rows as JSON lines', async (topic) => {
    const { code, stdout, stderr } = await foretick(['tail', topic, '--url', up.http, '--from', 'earliest', '--no-follow', '-n', '3']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(3);
    for (const line of lines) expect(JSON.parse(line)).toBeInstanceOf(Object);
  });

  test('a compacted topic whose one key is written all the time: its rows come as it is followed', async () => {
    const { code, stdout } = await foretick(['tail', 'cursors', '--url', up.http, '--from', 'earliest', '-n', '2']);
    expect(code).toBe(0);
    for (const line of stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toMatchObject({ key: 'replay' });
  });

  test('follows, and ends after as many rows as asked for', async () => {
    const { code, stdout } = await foretick(['tail', 'predictions', '--url', up.http, '-n', '5']);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(5);
  });

  test('an unknown topic names those there are; nobody at the address is NOT_RUNNING', async () => {
    const unknown = await foretick(['tail', 'nothing', '--url', up.http]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('UNKNOWN_TOPIC');
    for (const topic of Object.keys(TOPICS)) expect(unknown.stderr).toContain(topic);
    const nobody = await foretick(['tail', 'quotes', '--url', 'http://127.0.0.1:1', '--json']);
    expect(nobody.code).toBe(1);
    expect(JSON.parse(nobody.stderr)).toMatchObject({ error: { code: 'NOT_RUNNING' } });
  });
});
