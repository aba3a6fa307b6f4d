import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from '@jest/globals';

import { ForetickError } from '#proto';

import { loadConfig, type ConfigSources } from './load.ts';
import type { Config } from './schema.ts';

const directory = mkdtempSync(join(tmpdir(), 'foretick-config-'));
afterAll(() => { rmSync(directory, { recursive: true }); });
let files = 0;

function write(text: string | Uint8Array): string {
  const file = join(directory, `config-${files++}.yaml`);
  writeFileSync(file, text);
  return file;
}
const nowhere = join(directory, 'absent.yaml');
const load = (text: string, more: Partial<ConfigSources> = {}): Config => loadConfig({ file: write(text), defaultFile: nowhere, env: {}, flags: {}, ...more }).config;

/** The problems a configuration is refused with, without the directory of its file. */
function problems(text: string | Uint8Array, more: Partial<ConfigSources> = {}): string {
  const file = write(text);
  try {
    loadConfig({ file, defaultFile: nowhere, env: {}, flags: {}, ...more });
  } catch (error) {
    if (!(error instanceof ForetickError)) throw error;
    expect(error.code).toBe('CONFIG_INVALID');
    return error.message.replaceAll(file, 'foretick.yaml');
  }
  return 'nothing';
}

test('without file, environment and flags everything has its default', () => {
  const { config, file } = loadConfig({ defaultFile: nowhere, env: { PATH: '/bin', FORETICK: 'x' }, flags: {} });
  expect(file).toBeNull();
  expect(config.serving.http).toMatchObject({ host: '127.0.0.1', port: 8080 });
  expect(config.serving.grpc.port).toBe(50_051);
  expect(config.queue.directory).toBe('./.foretick');
});

test('a file that is empty, or holds comments only, says nothing', () => {
  const defaults = loadConfig({ defaultFile: nowhere, env: {}, flags: {} }).config;
  for (const text of ['', '\n', '# nothing\n', '---\n', 'null\n']) expect(load(text)).toEqual(defaults);
});

test('the environment goes over the file, flags over both; what neither names stays', () => {
  const text = 'serving:\n  http:\n    port: 1001\n    host: 0.0.0.0\n  max_streams: 7\n';
  const env = { FORETICK_SERVING_HTTP_PORT: '1002', FORETICK_TARGET_HORIZON: '7s' };
  expect(load(text).serving.http.port).toBe(1001);
  const fromEnv = load(text, { env });
  expect([fromEnv.serving.http, fromEnv.serving.max_streams, fromEnv.target.horizon]).toEqual([{ ...fromEnv.serving.http, port: 1002, host: '0.0.0.0' }, 7, 7e6]);
  const fromFlags = load(text, { env, flags: { 'serving.http.port': 1003, 'serving.http.host': undefined } });
  expect([fromFlags.serving.http.port, fromFlags.serving.http.host]).toEqual([1003, '0.0.0.0']);
});

test('a base holds until something else is said', () => {
  const base = { topics: { partitions: 3 }, serving: { max_streams: 9 } };
  const config = load('topics:\n  partitions: 5\n', { base });
  expect([config.topics.partitions, config.serving.max_streams]).toEqual([5, 9]);
  expect(base).toEqual({ topics: { partitions: 3 }, serving: { max_streams: 9 } });
});

const REFUSED: [string, string, string][] = [
  ['a value of the wrong type', 'topics:\n  partitions: many\n', 'foretick.yaml:2: topics.partitions:'],
  ['a value out of range', '# first\n\nserving:\n  http:\n    port: 70000\n', 'foretick.yaml:5: serving.http.port:'],
  ['an unknown key', 'topics:\n  partitons: 2\n', 'foretick.yaml:2: topics.partitons: unknown key'],
  ['an unknown section', 'topcis: {}\n', 'foretick.yaml:1: topcis: unknown key'],
  ['a key in a list', 'models:\n  - name: a\n    kind: softmax\n  - name: b\n    kind: oracle\n', 'foretick.yaml:5: models.1.kind:'],
  ['a missing key', 'sources:\n  - name: a\n    kind: replay\n', 'sources.0.file:'],
  ['a kind of source that does not exist', 'sources:\n  - name: a\n    kind: oracle\n', 'foretick.yaml:3: sources.0.kind:'],
  ['a setting that a live source does not have', 'sources:\n  - name: a\n    kind: coinbase\n    instrument: [BTC-USD]\n', 'foretick.yaml:4: sources.0.instrument: unknown key'],
  ['a setting of a live source of the wrong type', 'sources:\n  - name: a\n    kind: coinbase\n    silent_after: 5\n', 'foretick.yaml:4: sources.0.silent_after:'],
  ['a duration without unit', 'target:\n  horizon: 5\n', 'foretick.yaml:2: target.horizon:'],
  ['a duration of an unknown unit', 'target:\n  horizon: 5 weeks\n', 'foretick.yaml:2: target.horizon: a duration such as 5s'],
  ['a negative duration', 'target:\n  horizon: -5s\n', 'foretick.yaml:2: target.horizon:'],
  ['a scientific duration', 'target:\n  horizon: 1e3s\n', 'foretick.yaml:2: target.horizon:'],
  ['a size in kilobytes', 'serving:\n  http:\n    max_body_bytes: 5KB\n', 'foretick.yaml:3: serving.http.max_body_bytes: a size such as 1MiB'],
  ['two models of one name', 'models:\n  - { name: a, kind: softmax }\n  - { name: a, kind: softmax }\ntraining: { champion: a }\n', 'foretick.yaml:3: models.1.name: the name a stands twice'],
  ['a model named as a baseline', 'models:\n  - { name: prior, kind: softmax }\ntraining: { champion: prior }\n', 'foretick.yaml:2: models.0.name: prior is a baseline'],
  ['a model that does not fit the target', 'models:\n  - { name: a, kind: logistic }\ntraining: { champion: a }\n', 'foretick.yaml:2: models.0.kind: logistic does not fit'],
  ['a champion that is no model', 'training:\n  champion: nobody\n', 'foretick.yaml:2: training.champion: no model is named nobody'],
  ['more shards than partitions', 'topics:\n  shards: 2\n', 'foretick.yaml:2: topics.shards:'],
  ['a name that is no name', 'topics:\n  prefix: Über/../x\n', 'foretick.yaml:2: topics.prefix: a prefix is made of'],
];
test.each(REFUSED)('%s is refused with file, line and key', (_, text, message) => {
  expect(problems(text)).toContain(message);
});

test('all problems are told at once, one a line', () => {
  const told = problems('topics:\n  partitions: 2000\n  colour: red\nserving:\n  http:\n    port: -1\n').split('\n');
  expect(told).toHaveLength(3);
  expect(told.map((line) => line.slice(0, 15))).toEqual(expect.arrayContaining(['foretick.yaml:2', 'foretick.yaml:3', 'foretick.yaml:6']));
});

test('what the environment or a flag says wrongly is told with its name, not with a line of the file', () => {
  const text = 'serving:\n  http:\n    port: 80\n';
  expect(problems(text, { env: { FORETICK_SERVING_HTTP_PORT: 'x' } })).toContain('FORETICK_SERVING_HTTP_PORT: serving.http.port:');
  expect(problems(text, { flags: { 'serving.http.port': -5 } })).toContain('command line: serving.http.port:');
  expect(problems(text, { env: { FORETICK_SERVING_HTTP_PROT: '1' } })).toContain('FORETICK_SERVING_HTTP_PROT: no such setting');
});

test('a file that is named but cannot be read is FILE_UNREADABLE', () => {
  for (const file of [nowhere, directory]) {
    expect(() => loadConfig({ file, defaultFile: nowhere, env: {}, flags: {} })).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }));
  }
});

const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghi'.split('').map((key, i) => `${key}: &${key} [${Array.from({ length: 9 }, () => `*${'abcdefghi'[i]!}`).join(',')}]`)].join('\n');
const HOSTILE: [string, string | Uint8Array][] = [
  ['broken YAML', 'a: [1, 2\nb: }'],
  ['a key twice', 'topics: {}\ntopics: {}\n'],
  ['a list', '- 1\n- 2\n'],
  ['a text', 'hello\n'],
  ['two documents', 'topics: {}\n---\ntopics: {}\n'],
  ['an unknown alias', 'topics: *nothing\n'],
  ['a billion laughs', bomb],
  ['__proto__', '__proto__:\n  polluted: true\n'],
  ['constructor', 'constructor:\n  prototype: { polluted: true }\n'],
  ['a function tag', 'topics: !!js/function "() => 1"\n'],
  ['a section of null', 'topics:\n'],
  ['NUL bytes', new Uint8Array(100)],
  ['bytes that are no UTF-8', Uint8Array.of(0xff, 0xfe, 0xfa, 0x3a, 0x20, 0x80)],
  ['deep nesting', '['.repeat(5_000)],
];
test.each(HOSTILE)('hostile YAML is CONFIG_INVALID: %s', (_, text) => {
  expect(problems(text)).not.toBe('nothing');
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test.each(['{', '[1, 2', '*nothing', '&a [*a]', '"open'])('a value of the environment that is no YAML is CONFIG_INVALID: %j', (text) => {
  expect(problems('', { env: { FORETICK_SERVING_MAX_STREAMS: text } })).toContain('FORETICK_SERVING_MAX_STREAMS');
});
